import type { Prediction } from "../../api/hooks";
import type { MapView } from "./MapView";
import type { ViewState } from "./viewState";

const MARGIN = 16;
const LINE = 24;
const SWATCH = 14;
const RAMPS = {
  confidence: "Colours: confidence of the model, from dark blue (0 %) to yellow (100 %)",
  clear: "Colours: clear observations, from dark blue (1) to yellow (60 or more)",
};

/** What the map shows, with a title, the legend of the classes shown, and whom it is thanks to, as a PNG. */
export async function drawPicture(map: MapView, prediction: Prediction, view: ViewState): Promise<Blob | null> {
  const picture = await map.picture();
  const ratio = window.devicePixelRatio || 1;
  const result = prediction.result;
  const rows = view.layer === "class" ? (result?.areas ?? []).filter((one) => !view.hidden.includes(one.code)) : [];
  const canvas = document.createElement("canvas");
  const width = picture.width / ratio;
  const columns = Math.max(1, Math.floor((width - 2 * MARGIN) / 190));
  const foot = 3 * LINE + Math.ceil(rows.length / columns) * LINE + MARGIN;
  canvas.width = picture.width;
  canvas.height = picture.height + foot * ratio;
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0);
  context.setTransform(ratio, 0, 0, ratio, 0, picture.height);
  context.fillStyle = "#17231d";
  context.font = "600 16px system-ui, sans-serif";
  context.fillText(`${prediction.aoi.name ?? "Crop map"}, season ${prediction.season}`, MARGIN, LINE);
  context.font = "12px system-ui, sans-serif";
  const thanks = "GeoCrop; contains modified Copernicus Sentinel data";
  const simulated = result?.simulated ? " · SIMULATED scenes" : "";
  context.fillText(`Model ${result?.model_version ?? "?"} · ${thanks}${simulated}`, MARGIN, 2 * LINE - 4);
  context.font = "13px system-ui, sans-serif";
  if (view.layer !== "class") context.fillText(RAMPS[view.layer], MARGIN, 2.6 * LINE);
  rows.forEach((one, i) => {
    const x = MARGIN + (i % columns) * 190;
    const y = 2.6 * LINE + Math.floor(i / columns) * LINE;
    context.fillStyle = one.color;
    context.fillRect(x, y - SWATCH + 3, SWATCH, SWATCH);
    context.strokeStyle = "#57645d";
    context.lineWidth = 0.75;
    context.strokeRect(x, y - SWATCH + 3, SWATCH, SWATCH);
    context.fillStyle = "#17231d";
    context.fillText(`${one.title} ${Math.round(one.hectares)} ha`, x + SWATCH + 7, y);
  });
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
