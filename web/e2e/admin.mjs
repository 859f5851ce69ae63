// An administrator's day: a refused batch, a good one, a training, a promotion, a rollback; then every page is looked at.
// Told by the environment (BATCH: a CSV of labels, SETTINGS: hyperparameters as JSON), tells by report.json.
import { readFileSync, writeFileSync } from "node:fs";
import { barriers, logIn, open } from "./browser.mjs";

const { BASE, NAME, PASSWORD, OUT, BATCH, SETTINGS, DATASET = "web-upload" } = process.env;
const { browser, page, seen } = await open(BASE);
const report = { seen, barriers: {}, wide: [] };
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1400, height: 900 };
const PAGES = {
  "about-architecture": "about",
  "about-infrastructure": "about/infrastructure",
  "about-workflow": "about/workflow",
  "about-decisions": "about/decisions",
  "about-observability": "about/observability",
  "about-status": "about/status",
  "admin-datasets": "admin",
  "admin-training": "admin/training",
  "admin-models": "admin/models",
  "admin-alerts": "admin/alerts",
  "admin-users": "admin/users",
};
const main = page.getByRole("main");

try {
  await page.goto(`${BASE}admin`);
  await main.getByRole("button", { name: "Log in" }).click();
  await logIn(page, NAME, PASSWORD);
  await upload();
  await train();
  await changeChampion();
  await look();
  report.done = true;
} catch (error) {
  report.failure = String(error);
  await page.screenshot({ path: `${OUT}/failure.png` });
} finally {
  writeFileSync(`${OUT}/report.json`, JSON.stringify(report, null, 1));
  await browser.close();
}

async function send(name, text) {
  await main.getByRole("combobox", { name: "Dataset version" }).fill(DATASET);
  await main.getByLabel("CSV files").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
  await main.getByRole("button", { name: "Upload 1 file" }).click();
}

/** A batch with a fault in its second line is refused by line; without it, it is taken. */
async function upload() {
  const good = readFileSync(BATCH, "utf8");
  const [header, first, ...rest] = good.split(/\r?\n/);
  const broken = [...first.split(",").slice(0, -1), "=1+1"].join(","); // a spreadsheet would run it
  await send("web.csv", [header, broken, ...rest].join("\n"));
  await main.getByText("Nothing was uploaded").waitFor();
  report.faults = await main.getByRole("table", { name: "Faults by file and line" }).locator("tbody tr").allInnerTexts();
  await page.screenshot({ path: `${OUT}/admin-refused.png`, fullPage: true });
  await main.getByRole("button", { name: "Leave web.csv out" }).click();
  await send("web.csv", good);
  await main.getByText(`Uploaded to ${DATASET}`).waitFor();
  report.dataset = await main.getByRole("article", { name: `Dataset version ${DATASET}` }).innerText();
}

/** Start a training of the new version, and watch it to its end without loading the page again. */
async function train() {
  await page.getByRole("link", { name: "Training" }).click();
  await main.getByRole("combobox", { name: "Dataset version" }).selectOption(DATASET);
  await main.getByText("Settings other than the defaults").click();
  await main.getByLabel("Hyperparameters, as JSON").fill(SETTINGS);
  await main.getByLabel("Your name for it").fill("by the page");
  await main.getByRole("button", { name: "Start training" }).click();
  const card = main.getByRole("article", { name: `Training of ${DATASET}|Raw` });
  const bar = card.getByRole("progressbar");
  await bar.waitFor();
  await page.screenshot({ path: `${OUT}/admin-training-live.png`, fullPage: true });
  report.progress = [];
  while (await bar.isVisible()) {
    const at = Number(await bar.getAttribute("aria-valuenow", { timeout: 1000 }).catch(() => NaN));
    if (!Number.isNaN(at) && at !== report.progress.at(-1)) report.progress.push(at);
    await page.waitForTimeout(500);
  }
  report.training = await card.innerText();
}

async function changeChampion() {
  await page.getByRole("link", { name: "Models" }).click();
  const version = report.training.match(/Version (\d+)/)?.[1];
  await main.getByRole("button", { name: `Promote version ${version}`, exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Why?").fill("shown by the page");
  const anyway = dialog.getByRole("checkbox");
  if (await anyway.isVisible()) await anyway.check();
  report.barriers["admin-promote"] = await barriers(page);
  await dialog.getByRole("button", { name: "Promote" }).click();
  report.promoted = await ended(dialog, version);
  await main.getByRole("button", { name: "Roll back…" }).click();
  await dialog.getByLabel("Why?").fill("shown by the page, too");
  await dialog.getByRole("button", { name: "Roll back" }).click();
  report.rolledBack = await ended(dialog, null, version);
}

/** Wait for a promotion's end; return the line under the heading, which names the champion. */
async function ended(dialog, champion, former = null) {
  await dialog.getByText(/^(Done|It did not happen)/).waitFor();
  report.lastWords = await dialog.innerText();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  const line = main.getByText("is the champion");
  await page.waitForFunction(
    ([now, before]) => {
      const text = document.querySelector("main header p")?.textContent ?? "";
      return now ? text.startsWith(`Version ${now} `) : before !== null && !text.startsWith(`Version ${before} `);
    },
    [champion, former],
  );
  return line.innerText();
}

async function look() {
  for (const [name, path] of Object.entries(PAGES)) {
    await page.setViewportSize(DESKTOP);
    await page.goto(`${BASE}${path}`);
    await main.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll("main .spinner").length === 0);
    await page.waitForTimeout(300); // fonts and pictures
    report.barriers[name] = await barriers(page);
    await page.screenshot({ path: `${OUT}/${name}.png`, fullPage: true });
    await page.setViewportSize(PHONE);
    await page.waitForTimeout(200);
    report.barriers[`${name}-phone`] = await barriers(page);
    if ((await page.evaluate(() => document.documentElement.scrollWidth)) > PHONE.width) report.wide.push(name);
    await page.screenshot({ path: `${OUT}/${name}-phone.png`, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize(DESKTOP);
  await page.waitForTimeout(500); // colours fade over
  report.barriers.dark = await barriers(page);
}
