import type { Schemas } from "../../api/client";

type PixelCurve = Schemas["PixelCurve"];

const WIDTH = 340;
const HEIGHT = 170;
const LEFT = 34;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 24;

interface Props {
  curve: PixelCurve;
  /** Of the class, for its typical curve. */
  color: string;
  title: string;
}

/** A layer over the season: the pixel as a line, its class's typical range behind it. */
export function Curve({ curve, color, title }: Props) {
  const { steps, values, typical } = curve;
  const all = [...values, ...(typical?.low ?? []), ...(typical?.high ?? [])].filter((one): one is number => one !== null);
  const low = Math.min(0, ...all);
  const high = Math.max(0.8, ...all);
  const x = (i: number) => LEFT + (i / Math.max(1, steps.length - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => TOP + (1 - (value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].filter((tick) => tick >= low && tick <= high + 0.01);
  return (
    <figure className="curve">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={spoken(curve, title)}>
        {ticks.map((tick) => (
          <g key={tick}>
            <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick)} y2={y(tick)} className="curve-grid" />
            <text x={LEFT - 6} y={y(tick) + 4} textAnchor="end" className="curve-text">
              {tick}
            </text>
          </g>
        ))}
        {steps.map((step, i) => (
          <text key={step} x={x(i)} y={HEIGHT - 7} textAnchor="middle" className="curve-text">
            {steps.length <= 12 ? step.slice(0, 3) : i % 3 === 0 ? step : ""}
          </text>
        ))}
        {typical && (
          <>
            <path d={bandOf(typical.low, typical.high, x, y)} fill={color} opacity={0.32} />
            <path d={lineOf(typical.mean, x, y)} className="curve-typical" />
          </>
        )}
        <path d={lineOf(values, x, y)} className="curve-line" />
        {values.map((value, i) =>
          value === null ? null : (
            <circle key={steps[i]} cx={x(i)} cy={y(value)} r={3.6} className={curve.observed[i] ? "curve-dot" : "curve-dot curve-filled"} />
          ),
        )}
      </svg>
      <figcaption className="curve-key small">
        <span>
          <svg viewBox="0 0 26 10" aria-hidden>
            <path d="M1 5h24" className="curve-line" />
            <circle cx="13" cy="5" r="3.6" className="curve-dot" />
          </svg>
          this pixel
        </span>
        {curve.observed.some((one) => !one) && (
          <span>
            <svg viewBox="0 0 12 10" aria-hidden>
              <circle cx="6" cy="5" r="3.6" className="curve-dot curve-filled" />
            </svg>
            no clear view: filled
          </span>
        )}
        {typical && (
          <span>
            <svg viewBox="0 0 26 10" aria-hidden>
              <rect width="26" height="10" rx="2" fill={color} opacity={0.32} />
              <path d="M1 5h24" className="curve-typical" />
            </svg>
            {title} here: mean, 8 of 10
          </span>
        )}
      </figcaption>
    </figure>
  );
}

type Scale = (value: number) => number;

/** A line through what is known; it breaks where nothing is. */
export function lineOf(values: readonly (number | null)[], x: Scale, y: Scale): string {
  let pen = false;
  return values
    .map((value, i) => {
      if (value === null) {
        pen = false;
        return "";
      }
      const command = `${pen ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = true;
      return command;
    })
    .join("");
}

function bandOf(low: readonly (number | null)[], high: readonly (number | null)[], x: Scale, y: Scale): string {
  const known = low.flatMap((value, i) => (value !== null && high[i] != null ? [i] : []));
  if (known.length < 2) return "";
  const up = known.map((i) => `${x(i).toFixed(1)} ${y(high[i] ?? 0).toFixed(1)}`);
  const down = known.reverse().map((i) => `${x(i).toFixed(1)} ${y(low[i] ?? 0).toFixed(1)}`);
  return `M${[...up, ...down].join("L")}Z`;
}

function spoken({ layer, steps, values, typical }: PixelCurve, title: string): string {
  const said = steps.map((step, i) => `${step} ${values[i]?.toFixed(2) ?? "unknown"}`).join(", ");
  const mean = typical ? ` Typical of ${title}: ${typical.mean.map((value) => value?.toFixed(2) ?? "unknown").join(", ")}.` : "";
  return `${layer.toUpperCase()} by step of the season: ${said}.${mean}`;
}
