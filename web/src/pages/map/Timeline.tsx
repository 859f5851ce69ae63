import { Columns2, Minus, Plus } from "lucide-react";
import type { Schemas } from "../../api/client";
import { Button, IconButton } from "../../ui/Button";
import { Slider } from "../../ui/Slider";

type Baseline = Schemas["Baseline"];

interface Props {
  baselines: readonly Baseline[];
  year: number;
  onYear: (year: number) => void;
  /** The year on the right of the swipe; null: no comparison. Undefined: comparing is done elsewhere. */
  compare?: number | null;
  onCompare?: (year: number | null) => void;
}

/** The years of the baselines as a slider; with a second one while two years are compared. */
export function Timeline({ baselines, year, onYear, compare, onCompare }: Props) {
  const there = baselines.filter((one) => one.available).map((one) => one.year);
  const first = there[0] ?? year;
  const last = there[there.length - 1] ?? year;
  const simulated = baselines.some((one) => one.simulated);
  return (
    <section className="timeline" aria-label="Year of the Dynamic World baseline">
      <div className="timeline-head">
        <p>
          <strong>Dynamic World</strong> <span className="muted">baseline</span>
          {simulated && <span className="badge badge-warn">simulated</span>}
        </p>
        {onCompare && there.length > 1 && (
          <Button small aria-pressed={compare != null} onClick={() => onCompare(compare == null ? opposite(there, year) : null)}>
            <Columns2 aria-hidden /> Compare
          </Button>
        )}
      </div>
      <YearSlider label={compare == null ? "Year" : "Left"} years={there} first={first} last={last} year={year} onYear={onYear} />
      {compare != null && onCompare && (
        <YearSlider label="Right" years={there} first={first} last={last} year={compare} onYear={onCompare} />
      )}
    </section>
  );
}

function opposite(years: readonly number[], year: number): number {
  const first = years[0] ?? year;
  const last = years[years.length - 1] ?? year;
  return year === last ? first : last;
}

interface YearProps {
  label: string;
  years: readonly number[];
  first: number;
  last: number;
  year: number;
  onYear: (year: number) => void;
}

function YearSlider({ label, years, first, last, year, onYear }: YearProps) {
  const nearest = (wanted: number) =>
    years.reduce((best, one) => (Math.abs(one - wanted) < Math.abs(best - wanted) ? one : best), year);
  const at = years.indexOf(year);
  const step = (by: number) => years[at + by] !== undefined && onYear(years[at + by] ?? year);
  return (
    <div className="timeline-row">
      <span className="timeline-year numbers">
        <span className={label === "Year" ? "visually-hidden" : "timeline-side"}>{label}</span> {year}
      </span>
      <IconButton label={`${label}: a year earlier`} disabled={at <= 0} onClick={() => step(-1)}>
        <Minus aria-hidden />
      </IconButton>
      <div className="grow">
        <Slider
          label={`${label} of the baseline`}
          value={year}
          min={first}
          max={Math.max(last, first + 1)}
          text={String}
          disabled={years.length < 2}
          onChange={(next) => onYear(nearest(next))}
        />
      </div>
      <IconButton label={`${label}: a year later`} disabled={at < 0 || at >= years.length - 1} onClick={() => step(1)}>
        <Plus aria-hidden />
      </IconButton>
    </div>
  );
}
