/* Opens the explorables in an ordinary Firefox, from the disk. Not part of
   `make test-site`: Debian's Firefox needs puppeteer, which is no dependency.

       apt-get install firefox-esr
       npm install --prefix /tmp/firefox puppeteer-core
       NODE_PATH=/tmp/firefox/node_modules node tests/website/firefox.mjs [FOLDER]

   FOLDER is site/explore, or build/site/html/explore. Prints what the live line
   of each page says; the exit status is 1 if a page printed anything, asked for
   anything elsewhere, or said nothing. */

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const puppeteer = createRequire(import.meta.url)("puppeteer-core");
const folder = path.resolve(process.argv[2] || "site/explore");
const names = fs.readdirSync(folder).filter(
  (name) => fs.existsSync(path.join(folder, name, "index.html")));

const browser = await puppeteer.launch({
  browser: "firefox", executablePath: process.env.FIREFOX || "/usr/bin/firefox-esr",
  headless: true, defaultViewport: null, args: ["--width=1440", "--height=1000"],
});
console.log(await browser.version());
let faults = 0;

function fault(name, text) {
  faults += 1;
  console.log(`${name}: ${text}`);
}

for (const name of names) {
  const page = await browser.newPage();
  page.on("console", (said) => fault(name, `printed ${said.text()}`));
  page.on("pageerror", (error) => fault(name, `failed: ${error.message}`));
  page.on("request", (asked) => {
    if (!/^(file|data|blob|about):/.test(asked.url())) fault(name, `asked for ${asked.url()}`);
  });
  await page.goto(pathToFileURL(path.join(folder, name, "index.html")).href);
  const spoken = "document.getElementById('live').textContent.trim()";
  try {
    await page.waitForFunction(spoken, { timeout: 30000 });
    console.log(`${name}: ${await page.evaluate(spoken)}`);
  } catch {
    fault(name, "the live line is empty");
  }
  if (process.env.SHOTS) {
    await page.screenshot({ path: path.join(process.env.SHOTS, `firefox-${name}.png`) });
  }
  await page.close();
}
await browser.close();
process.exit(faults ? 1 : 0);
