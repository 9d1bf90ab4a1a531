"""What every exercise of the course has in common: check, hint, solution."""

import inspect
import numbers
import textwrap

NOT_ATTEMPTED = "not attempted"
NOT_YET = "not yet"
CORRECT = "correct"


class Message:
    """What an exercise says, in Markdown, which a notebook renders.

    Attributes:
        outcome: `CORRECT`, `NOT_YET` or `NOT_ATTEMPTED`; None for a hint or a
            solution.
        text: Markdown.
    """

    def __init__(self, text, outcome=None):
        self.text, self.outcome = text, outcome

    def __repr__(self):
        """Gives the text, for where Markdown is not rendered."""
        return self.text

    def _repr_markdown_(self):
        return self.text


class Exercise:
    """One exercise: it judges an answer, gives hints, and shows a solution.

    Args:
        judge: Function of an answer. It returns None if the answer is right,
            a sentence that names the mistake if it is not, or `NOT_ATTEMPTED`.
            Whatever it raises is reported as a mistake of the answer.
        answer: An answer that `judge` accepts: a value, or a function, whose
            source is shown.
        insight: Str, what a right answer shows.
        hints: Sequence of str, from a nudge to nearly the whole way.
        reasons: Str, Markdown: why `answer` is right.
        placeholder: What stands in the notebook where the answer belongs.
    """

    def __init__(
        self, judge, *, answer, insight, hints, reasons, placeholder=...
    ):
        self.judge = judge
        self.answer = answer
        self.insight = insight
        self.hints = tuple(hints)
        self.reasons = inspect.cleandoc(reasons)
        self.placeholder = placeholder
        self.outcome = NOT_ATTEMPTED  # of the last check; a success stays
        self.said = None  # what the check said that gave the outcome
        self._num_shown = 0

    def check(self, answer=...):
        """Judges an answer. Never raises.

        Returns:
            `Message`; its `outcome` is correct, not yet or not attempted.
        """
        try:
            mistake = (
                NOT_ATTEMPTED if is_placeholder(answer) else self.judge(answer)
            )
        except Exception as error:
            mistake = (
                "The answer could not be checked: it raised "
                f"`{type(error).__name__}: {error}`."
            )
        message = self._say(mistake, callable(answer))
        if self.outcome != CORRECT:
            self.outcome, self.said = message.outcome, message.text
        return message

    def _say(self, mistake, is_function):
        if mistake is None:
            return Message(f"**✓ Correct.** {self.insight}", CORRECT)
        if mistake == NOT_ATTEMPTED:
            todo = "Put your answer in place of `...` and run the cell again."
            if is_function:
                todo += " If you have, your function lacks its `return`."
            return Message(f"**○ Not attempted.** {todo}", NOT_ATTEMPTED)
        return Message(f"**✗ Not yet.** {mistake}", NOT_YET)

    def hint(self):
        """Returns the next hint; after the last one, the last one again."""
        number = min(self._num_shown, len(self.hints) - 1)
        self._num_shown = number + 1
        return Message(
            f"**Hint {number + 1} of {len(self.hints)}.** {self.hints[number]}"
        )

    def solution(self):
        """Returns an answer that is right, and the reasons why."""
        code = f"answer = {self.answer!r}"
        if callable(self.answer):
            code = textwrap.dedent(inspect.getsource(self.answer)).strip()
        return Message(f"```python\n{code}\n```\n\n{self.reasons}")


class Progress:
    """Says which of a chapter's exercises are solved.

    Args:
        **exercises: Each `Exercise` by its name.
    """

    def __init__(self, **exercises):
        self._exercises = exercises

    def __call__(self):
        """Returns a `Message` with a mark for each exercise."""
        marks = {CORRECT: "✓", NOT_YET: "✗ not yet", NOT_ATTEMPTED: "○"}
        outcomes = [each.outcome for each in self._exercises.values()]
        parts = [
            f"{name} {marks[outcome]}"
            for name, outcome in zip(self._exercises, outcomes, strict=True)
        ]
        return Message(
            f"**Solved: {outcomes.count(CORRECT)} of {len(parts)}.** "
            + " · ".join(parts)
        )


def todo(*arguments):
    """Stands in for the function that a learner has yet to write."""


def fault_of_function(given):
    """Says what is wrong with an answer that should be a function.

    Returns:
        Str, or None if it can be called.
    """
    if not callable(given):
        return "Give the function itself: its name, without parentheses."
    return None


def fault_of_keys(given, keys):
    """Says what is wrong with a dictionary of answers before it is judged.

    Returns:
        Str, or None if each of the keys has an answer.
    """
    if not isinstance(given, dict) or set(given) != set(keys):
        return f"Give a dictionary with the keys {', '.join(map(str, keys))}."
    for key in keys:
        if is_placeholder(given[key]):
            return f"`{key}` is still missing."
    return None


def fault_of_numbers(given, keys):
    """Says what `fault_of_keys` does, and which answer is no number.

    Returns:
        Str, or None if each of the keys has a number.
    """
    if fault := fault_of_keys(given, keys):
        return fault
    for key in keys:
        if fault := _fault_of_number(key, given[key]):
            return fault
    return None


def fault_of_pair(given, names):
    """Says what is wrong with a pair of numbers before it is judged.

    Args:
        given: What the learner gave.
        names: Pair of str, what the two numbers are.

    Returns:
        Str, or None if there are two numbers.
    """
    if not isinstance(given, list | tuple) or len(given) != 2:
        return f"Give a pair `({', '.join(names)})`."
    for name, number in zip(names, given, strict=True):
        if is_placeholder(number):
            return f"`{name}` is still missing."
        if fault := _fault_of_number(name, number):
            return fault
    return None


def _fault_of_number(name, given):
    if not isinstance(given, numbers.Real):
        return f"`{name}` must be a number, not `{given!r}`."
    return None


def is_close(number, right, tolerance=0.003):
    """Says whether a number is right but for a share of it."""
    return abs(number - right) <= tolerance * abs(right)


def named(number, mistakes, otherwise, tolerance=0.003):
    """Picks the message for a wrong number.

    Args:
        number: Float.
        mistakes: Dict of messages by the wrong numbers that they are for.
        otherwise: Str, what to say of any other number.
        tolerance: Float, as for `is_close`.

    Returns:
        Str.
    """
    for wrong, message in mistakes.items():
        if is_close(number, wrong, tolerance):
            return message
    return otherwise


def is_placeholder(answer):
    """Says whether nothing was filled in: `...`, None, or a list of those."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, list | tuple) and answer:
        return all(map(is_placeholder, answer))
    return answer is None or answer is ...
