import { useId, type ReactNode } from "react";
import { ScrollX } from "../ScrollX";

export interface Box {
  id: string;
  x: number;
  y: number;
  width: number;
  title: string;
  note?: string;
  /** Code of this project, against software that it uses. */
  own?: boolean;
  tone?: string;
}

export interface Zone {
  x: number;
  y: number;
  width: number;
  height: number;
  title: string;
}

export const BOX_HEIGHT = 50;

interface Props {
  width: number;
  height: number;
  title: string;
  /** The same in words, for those who do not see it. */
  text: string;
  zones?: readonly Zone[];
  boxes: readonly Box[];
  /** From box to box, by id. */
  arrows: readonly (readonly [string, string])[];
  /** Whether arrows leave boxes below, as in a graph that is read downwards. */
  down?: boolean;
  children?: ReactNode;
}

/** Boxes and arrows, in the page's own colours. The caption says it in words. */
export function Diagram({ width, height, title, text, zones = [], boxes, arrows, down = false, children }: Props) {
  const id = useId();
  const byId = new Map(boxes.map((one) => [one.id, one]));
  return (
    <figure className="diagram">
      <ScrollX label={title} className="diagram-scroll">
        <svg viewBox={`0 0 ${width} ${height}`} width={width} role="img" aria-labelledby={`${id}-title`} aria-describedby={`${id}-text`}>
          <title id={`${id}-title`}>{title}</title>
          <defs>
            <marker id={`${id}-tip`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
              <path className="d-arrow" d="M0 0 8 4 0 8z" />
            </marker>
          </defs>
          {zones.map((one) => (
            <g key={one.title}>
              <rect className="d-zone" x={one.x} y={one.y} width={one.width} height={one.height} rx={14} />
              <text className="d-zone-title" x={one.x + 14} y={one.y + 22}>
                {one.title}
              </text>
            </g>
          ))}
          {arrows.map(([from, to]) => {
            const a = byId.get(from);
            const b = byId.get(to);
            return a && b && <path key={`${from}-${to}`} className="d-line" d={pathBetween(a, b, down)} markerEnd={`url(#${id}-tip)`} />;
          })}
          {boxes.map((one) => (
            <g key={one.id}>
              <rect className={`d-box ${one.own ? "d-box-own" : ""} ${one.tone ?? ""}`} x={one.x} y={one.y} width={one.width} height={BOX_HEIGHT} rx={10} />
              <text className="d-title" x={one.x + one.width / 2} y={one.y + (one.note ? 21 : 30)} textAnchor="middle">
                {one.title}
              </text>
              {one.note && (
                <text className="d-note" x={one.x + one.width / 2} y={one.y + 38} textAnchor="middle">
                  {one.note}
                </text>
              )}
            </g>
          ))}
        </svg>
      </ScrollX>
      <figcaption id={`${id}-text`}>{text}</figcaption>
      {children}
    </figure>
  );
}

/** A curve from one box's near side to the other's. */
export function pathBetween(a: Box, b: Box, downwards = false): string {
  const isBeside = !downwards && (b.x >= a.x + a.width || a.x >= b.x + b.width);
  if (isBeside) {
    const right = b.x >= a.x + a.width;
    const [x1, y1] = [right ? a.x + a.width : a.x, a.y + BOX_HEIGHT / 2];
    const [x2, y2] = [right ? b.x : b.x + b.width, b.y + BOX_HEIGHT / 2];
    const middle = (x1 + x2) / 2;
    return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
  }
  const down = b.y > a.y;
  const [x1, y1] = [a.x + a.width / 2, down ? a.y + BOX_HEIGHT : a.y];
  const [x2, y2] = [b.x + b.width / 2, down ? b.y : b.y + BOX_HEIGHT];
  const middle = (y1 + y2) / 2;
  return `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`;
}
