import type { ClassEntry } from "../../api/hooks";

interface Props {
  title: string;
  classes: readonly ClassEntry[];
  hidden: readonly number[];
  onHidden: (codes: number[]) => void;
}

export function toggled(hidden: readonly number[], code: number): number[] {
  return hidden.includes(code) ? hidden.filter((one) => one !== code) : [...hidden, code].sort((a, b) => a - b);
}

/** Classes with their colours; each can be hidden. */
export function Legend({ title, classes, hidden, onHidden }: Props) {
  return (
    <fieldset className="legend">
      <legend>{title}</legend>
      <ul>
        {classes.map((one) => (
          <li key={one.code}>
            <label>
              <input
                type="checkbox"
                className="checkbox"
                checked={!hidden.includes(one.code)}
                onChange={() => onHidden(toggled(hidden, one.code))}
              />
              <span className="swatch" style={{ background: one.color }} aria-hidden />
              {one.title}
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

// Viridis at 0, 25, 50, 75 and 100 %: the ramp of the API's tiles (api/rendering.py).
const VIRIDIS = "linear-gradient(90deg, #440154, #3b528b, #21918c, #5ec962, #fde725)";

/** What the colours of a band of numbers mean. */
export function Ramp({ title, low, high }: { title: string; low: string; high: string }) {
  return (
    <figure className="ramp">
      <figcaption>{title}</figcaption>
      <div style={{ background: VIRIDIS }} aria-hidden />
      <p className="row-between small numbers">
        <span>{low}</span>
        <span>{high}</span>
      </p>
    </figure>
  );
}
