import { FileDown, FileImage, FileJson, FileSpreadsheet, Satellite } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useAoi, type MapResult, type Prediction } from "../../api/hooks";
import { csv, save } from "../../lib/download";
import { ProblemNotice } from "../../ui/Notice";

interface Props {
  prediction: Prediction;
  result: MapResult;
  onPicture: () => Promise<Blob | null>;
}

export function areasCsv(result: MapResult): string {
  return csv([
    [
      "code", "class", "hectares", "share_percent", "mean_confidence_percent",
      "hectares_estimated", "hectares_low", "hectares_high",
    ],
    ...result.areas.map((one) => [
      one.code, one.title, one.hectares, round(one.share * 100), one.mean_confidence,
      one.interval?.estimated ?? "", one.interval?.low ?? "", one.interval?.high ?? "",
    ]),
  ]);
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

/** The map's facts as one GeoJSON feature: the AOI's outline with what was found in it. */
export function summaryOf(prediction: Prediction, result: MapResult, geometry: unknown): object {
  const { areas, caveat, hectares_mapped, share_mapped, mean_confidence, share_applicable } = result;
  return {
    type: "Feature",
    id: prediction.id,
    bbox: prediction.aoi.bbox,
    geometry,
    properties: {
      name: prediction.aoi.name,
      season: prediction.season,
      area_ha: prediction.aoi.area_ha,
      hectares_mapped,
      share_mapped,
      mean_confidence,
      share_applicable,
      areas: areas.map(({ code, name, title, hectares, share, mean_confidence: confidence, interval }) => ({
        code,
        name,
        title,
        hectares,
        share,
        mean_confidence: confidence,
        interval,
      })),
      caveat,
      model_version: result.model_version,
      bundle_hash: result.bundle_hash,
      simulated: result.simulated,
    },
  };
}

export function Downloads({ prediction, result, onPicture }: Props) {
  const aoi = useAoi(prediction.aoi.id);
  const [drawing, setDrawing] = useState(false);
  const stem = `crop-map-${prediction.aoi.id}-${prediction.season}`;
  const picture = async () => {
    setDrawing(true);
    const blob = await onPicture();
    setDrawing(false);
    if (blob) save(blob, `${stem}.png`);
  };
  return (
    <>
      <ul className="files">
        <Item icon={<Satellite aria-hidden />} title="Map (COG)" text="GeoTIFF: class, confidence, clear observations" href={result.download} />
        <Item
          icon={<FileImage aria-hidden />}
          title={drawing ? "Drawing the picture…" : "Picture (PNG)"}
          text="What the map shows now, with its legend"
          onClick={() => void picture()}
        />
        <Item
          icon={<FileSpreadsheet aria-hidden />}
          title="Areas (CSV)"
          text="Hectares and per cent by class"
          onClick={() => save(areasCsv(result), `${stem}-areas.csv`, "text/csv;charset=utf-8")}
        />
        <Item
          icon={<FileJson aria-hidden />}
          title="Summary (GeoJSON)"
          text="The outline, with areas and model"
          onClick={
            aoi.data &&
            (() =>
              save(
                JSON.stringify(summaryOf(prediction, result, aoi.data.geometry), null, 1),
                `${stem}.geojson`,
                "application/geo+json",
              ))
          }
        />
        <Item icon={<FileDown aria-hidden />} title="STAC item" text="Scenes, model and dataset of this map" href={result.stac_item} />
      </ul>
      {aoi.error && <ProblemNotice error={aoi.error} />}
      <p className="muted small">
        Made by model {result.model_version} <code title={result.bundle_hash}>{result.bundle_hash.slice(0, 12)}</code>. Links are good for 12
        hours; reload the page for new ones.
      </p>
    </>
  );
}

interface ItemProps {
  icon: ReactNode;
  title: string;
  text: string;
  href?: string;
  onClick?: (() => void) | undefined;
}

function Item({ icon, title, text, href, onClick }: ItemProps) {
  const inside = (
    <>
      {icon}
      <span className="grow">
        <strong>{title}</strong>
        <span className="small muted">{text}</span>
      </span>
    </>
  );
  return (
    <li>
      {href ? (
        <a className="file" href={href} download>
          {inside}
        </a>
      ) : (
        <button type="button" className="file" onClick={onClick} disabled={!onClick}>
          {inside}
        </button>
      )}
    </li>
  );
}
