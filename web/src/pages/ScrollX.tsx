import { useEffect, useRef, useState, type ReactNode } from "react";

interface Props {
  /** What scrolls, for screen readers. */
  label: string;
  className?: string;
  children: ReactNode;
}

/** Scrolls what is too wide from side to side; while it does, it can be reached and moved by keys. */
export function ScrollX({ label, className = "", children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [isWide, setIsWide] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const watcher = new ResizeObserver(() => setIsWide(element.scrollWidth > element.clientWidth));
    watcher.observe(element);
    if (element.firstElementChild) watcher.observe(element.firstElementChild);
    return () => watcher.disconnect();
  }, []);
  const reachable = isWide ? { role: "region", "aria-label": label, tabIndex: 0 } : {};
  return (
    <div ref={box} className={`scroll-x ${className}`} {...reachable}>
      {children}
    </div>
  );
}
