// A first visit, from the baseline to the downloaded map. Told by the environment, tells by report.json.
import { writeFileSync } from "node:fs";
import { barriers, logIn, measured, open } from "./browser.mjs";

const { BASE, NAME, PASSWORD, SEASON, SHAPEFILE, OUT } = process.env;
const { browser, context, page, seen } = await open(BASE);
const report = { seen, barriers: {}, milliseconds: {} };
const shot = (name) => page.screenshot({ path: `${OUT}/${name}.png` });

try {
  await visit();
  report.done = true;
} catch (error) {
  report.failure = String(error);
  await shot("failure");
} finally {
  writeFileSync(`${OUT}/report.json`, JSON.stringify(report, null, 1));
  await browser.close();
}

async function visit() {
  await page.addInitScript(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((one) => one.duration))).observe({
      type: "longtask",
      buffered: true,
    });
  });
  await page.goto(BASE);
  report.milliseconds.baseline = await measured(page, "geocrop:base");
  report.longTasks = await page.evaluate(() => window.longTasks.map(Math.round));
  report.bytes = await page.evaluate(() =>
    Object.fromEntries(
      performance
        .getEntriesByType("resource")
        .filter((one) => /\/assets\//.test(one.name))
        .map((one) => [one.name.split("/").pop(), one.decodedBodySize]),
    ),
  );
  report.barriers.first = await barriers(page);
  report.baselineColours = await colours(".raster-base canvas");
  await shot("first");
  await yearByKeyboard();
  await swipe();
  await ask();
  await look();
  await download();
  await limit();
  await phone();
}

/** How many colours a layer of the map shows. */
function colours(selector) {
  return page.evaluate((layer) => {
    const canvas = document.querySelector(layer);
    const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    return new Set(pixels.filter((pixel) => pixel !== 0)).size;
  }, selector);
}

async function yearByKeyboard() {
  const slider = page.getByRole("slider", { name: "Year of the baseline" });
  if (!(await slider.isEnabled())) return;
  await slider.focus();
  await page.keyboard.press("Home");
  report.firstYear = await slider.getAttribute("aria-valuetext");
  await page.keyboard.press("End");
  report.lastYear = await slider.getAttribute("aria-valuetext");
}

async function swipe() {
  const button = page.getByRole("button", { name: "Compare", exact: true });
  if (!(await button.isVisible())) return;
  await button.click();
  await measured(page, "geocrop:right");
  const line = page.getByRole("slider", { name: /^Line between/ });
  const before = Number(await line.getAttribute("aria-valuenow"));
  await line.focus();
  await page.keyboard.press("ArrowRight");
  report.swipeMoved = Number(await line.getAttribute("aria-valuenow")) - before;
  report.barriers.swipe = await barriers(page);
  await shot("swipe");
  await button.click();
}

/** Draw a rectangle on the map between two corners, given as parts of its size. */
async function draw(from, to) {
  await page.getByRole("button", { name: "Rectangle" }).click();
  const box = await page.getByTestId("map").boundingBox();
  const at = ([x, y]) => [box.x + box.width * x, box.y + box.height * y];
  await page.mouse.click(...at(from));
  await page.mouse.move(...at(to), { steps: 3 });
  await page.mouse.click(...at(to));
  await page.getByPlaceholder("Name it, if you like").waitFor();
}

/** Upload a zipped shapefile in metres; it is an area like a drawn one. */
async function upload() {
  await page.getByLabel("GeoJSON, KML or zipped shapefile").setInputFiles(SHAPEFILE);
  const name = page.getByPlaceholder("Name it, if you like");
  await name.waitFor();
  report.uploaded = { name: await name.inputValue(), size: await page.locator(".meter").locator("..").innerText() };
  await page.getByRole("button", { name: "Remove the area" }).click();
}

async function ask() {
  await upload();
  await page.getByLabel("Season, 1 September to 31 August").selectOption(SEASON);
  await draw([0.52, 0.3], [0.7, 0.6]);
  await page.getByPlaceholder("Name it, if you like").fill("River fields");
  await page.getByRole("button", { name: "Log in to go on" }).click();
  report.barriers.login = await barriers(page);
  await logIn(page, NAME, PASSWORD);
  const make = page.getByRole("button", { name: "Make the map" });
  await page.getByText("Costs").waitFor();
  await shot("estimate");
  await make.click({ trial: true });
  await page.evaluate(() => {
    performance.clearMarks("geocrop:base");
    const click = (event) => event.target.closest(".button-primary") && performance.mark("e2e:submit");
    document.addEventListener("click", click, { capture: true, once: true });
  });
  await make.click();
  report.milliseconds.baselineOfAoi = await measured(page, "geocrop:base", "e2e:submit");
  await page.getByRole("progressbar").or(page.getByRole("tab", { name: "Areas" })).first().waitFor();
  await shot("progress");
  await page.getByRole("tab", { name: "Areas" }).waitFor();
  report.milliseconds.map = await measured(page, "geocrop:map", "e2e:submit");
  report.address = page.url();
}

async function look() {
  await page.waitForTimeout(900); // the fading in
  report.mapColours = await colours(".raster-map canvas");
  const first = page.locator(".areas .checkbox").first();
  await first.uncheck();
  await page.waitForFunction(() => new URLSearchParams(window.location.search).has("hide"));
  await first.check();
  const box = await page.getByTestId("map").boundingBox();
  await page.mouse.click(box.x + box.width * 0.64, box.y + box.height * 0.45);
  const panel = page.getByRole("region", { name: "Pixel", exact: true });
  await panel.getByText("over the season").waitFor();
  report.pixel = await panel.innerText();
  report.barriers.map = await barriers(page);
  await shot("pixel");
}

async function download() {
  await page.getByRole("tab", { name: "Download" }).click();
  for (const [name, file] of [
    ["Map (COG)", "map.tif"],
    ["Areas (CSV)", "areas.csv"],
    ["Summary (GeoJSON)", "summary.geojson"],
    ["Picture (PNG)", "picture.png"],
  ]) {
    const button = page.locator(".file", { hasText: name });
    const [started] = await Promise.all([page.waitForEvent("download"), button.click()]);
    await started.saveAs(`${OUT}/${file}`);
  }
  await page.getByRole("tab", { name: "Compare" }).click();
  await page.getByRole("button", { name: "Confidence" }).click();
  await page.waitForTimeout(500);
  report.barriers.compare = await barriers(page);
  await shot("confidence");
}

/** Use up what is left of the account through the API, and see what the page says then. */
async function limit() {
  report.quota = await page.evaluate(async (season) => {
    const { token } = JSON.parse(localStorage.getItem("geocrop.session"));
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const call = (path, more) => fetch(new URL(path, document.baseURI), { headers, ...more });
    let quota = await (await call("quota")).json();
    const [west, south, east, north] = (await (await call("predictions?limit=1")).json()).items[0].aoi.bbox;
    for (let i = 1; quota.left > 0 && i < 9; i += 1) {
      const bbox = [west, south, west + ((east - west) * i) / 10, north];
      await call("predictions", { method: "POST", body: JSON.stringify({ aoi: { bbox }, season }) });
      quota = await (await call("quota")).json();
    }
    return quota;
  }, SEASON);
  if (report.quota.left !== 0) throw new Error(`the account still has maps left: ${JSON.stringify(report.quota)}`);
  await page.goto(BASE);
  await measured(page, "geocrop:base");
  await page.getByLabel("Season, 1 September to 31 August").selectOption(SEASON);
  await draw([0.6, 0.3], [0.7, 0.5]);
  await page.getByText("No map is left in your account").waitFor();
  report.buttonAtTheLimit = await page.getByRole("button", { name: "Make the map" }).isEnabled();
  await page.getByRole("tab", { name: "My maps" }).click();
  await page.getByText("0 maps left").waitFor();
  report.barriers.mine = await barriers(page);
  await shot("limit");
}

/** The same on a phone, in the dark, with the login of before. */
async function phone() {
  const small = await browser.newContext({
    viewport: { width: 390, height: 844 },
    colorScheme: "dark",
    hasTouch: true,
    storageState: await context.storageState(),
  });
  const held = await small.newPage();
  await held.goto(BASE);
  await measured(held, "geocrop:base");
  report.barriers.phone = await barriers(held);
  await held.screenshot({ path: `${OUT}/phone-first.png` });
  await held.getByRole("button", { name: "Polygon" }).tap();
  await held.getByRole("button", { name: /^Tap the corners/ }).tap();
  await held.getByRole("button", { name: "Show more of the map" }).tap();
  await held.getByRole("button", { name: "Show the panel" }).waitFor();
  await held.goto(report.address);
  await held.getByRole("tab", { name: "Areas" }).waitFor();
  await measured(held, "geocrop:map");
  await held.waitForTimeout(900);
  report.barriers.phoneMap = await barriers(held);
  report.widerThanThePhone = await held.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  await held.screenshot({ path: `${OUT}/phone-map.png` });
  await small.close();
}
