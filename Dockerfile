# What .devcontainer, docs/many-machines.md and docs/grading.md share.
#   docker build --tag alexnet-keras .                      without GPUs
#   docker build --tag alexnet-keras --build-arg EXTRA=gpu .  with CUDA
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 --shell /bin/bash learner \
    && install --directory --owner learner --group learner /course
WORKDIR /course

# The checkout is mounted, and `make environment` installs what it needs.
FROM base AS development
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium \
    && rm -rf /var/lib/apt/lists/*
USER learner

# The package and what it needs, to run commands; no checkout.
FROM base AS installed
ENV PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements.txt ./
RUN python -m pip install --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY alexnet_keras ./alexnet_keras
# An extra of pyproject.toml; it is not held to requirements.txt's versions.
ARG EXTRA=""
RUN python -m pip install --no-deps . \
    && { [ -z "$EXTRA" ] || python -m pip install ".[$EXTRA]"; } \
    && rm -rf alexnet_keras pyproject.toml
USER learner
ENTRYPOINT ["alexnet-keras"]
CMD ["--help"]
