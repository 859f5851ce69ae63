import { useEffect, useState } from "react";

const EACH_MS = 5_000;

/** The time, which moves on every few seconds. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), EACH_MS);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}
