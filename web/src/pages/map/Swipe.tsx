import { useRef, type KeyboardEvent, type PointerEvent } from "react";
import { ChevronsLeftRight } from "lucide-react";

interface Props {
  at: number;
  left: string;
  right: string;
  onMove: (at: number) => void;
}

const STEP = 0.02;
const BIG_STEP = 0.1;

/** The line between two pictures of the map: dragged, or moved by arrow keys. */
export function Swipe({ at, left, right, onMove }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const move = (event: PointerEvent) => {
    const frame = box.current?.getBoundingClientRect();
    if (!frame || event.buttons !== 1) return;
    onMove(clamp((event.clientX - frame.left) / frame.width));
  };
  const onKey = (event: KeyboardEvent) => {
    const step = event.shiftKey ? BIG_STEP : STEP;
    const to = { ArrowLeft: at - step, ArrowDown: at - step, ArrowRight: at + step, ArrowUp: at + step, Home: 0.02, End: 0.98 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onMove(clamp(to));
  };
  return (
    <div className="swipe" ref={box}>
      <span className="swipe-label swipe-left" style={{ right: `calc(${(1 - at) * 100}% + 14px)` }}>
        {left}
      </span>
      <span className="swipe-label swipe-right" style={{ left: `calc(${at * 100}% + 14px)` }}>
        {right}
      </span>
      <div
        className="swipe-handle"
        style={{ left: `${at * 100}%` }}
        role="slider"
        tabIndex={0}
        aria-label={`Line between ${left} and ${right}`}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(at * 100)}
        aria-valuetext={`${Math.round(at * 100)} per cent of the width shows ${left}`}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={move}
        onKeyDown={onKey}
      >
        <span className="swipe-knob">
          <ChevronsLeftRight aria-hidden />
        </span>
      </div>
    </div>
  );
}

function clamp(at: number): number {
  return Math.min(0.98, Math.max(0.02, at));
}
