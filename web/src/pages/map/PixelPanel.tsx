import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { api, data, type Schemas } from "../../api/client";
import { asProblem } from "../../api/problem";
import { count, place } from "../../lib/format";
import { IconButton } from "../../ui/Button";
import { Notice, ProblemNotice, Spinner } from "../../ui/Notice";
import { Curve } from "./Curve";
import type { LonLat } from "./MapView";

interface Props {
  id: string;
  at: LonLat;
  onClose: () => void;
}

/** One pixel: what it is, how sure that is, and its season beside what is typical of its class. */
export function PixelPanel({ id, at, onClose }: Props) {
  const [lon, lat] = at;
  const panel = useRef<HTMLElement>(null);
  const pixel = useQuery({
    queryKey: ["pixel", id, lon, lat],
    queryFn: ({ signal }) =>
      data<Schemas["PixelView"]>(
        api.GET("/predictions/{id}/pixel", { params: { path: { id }, query: { lon, lat } }, signal }),
      ),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    retry: false,
  });
  const come = pixel.isSuccess || pixel.isError;
  useEffect(() => {
    if (come) panel.current?.scrollIntoView?.({ block: "nearest" });
  }, [come, lon, lat]);
  return (
    <section className="pixel stack" aria-label="Pixel" ref={panel} aria-busy={pixel.isFetching}>
      <div className="row-between">
        <div>
          <h2>Pixel</h2>
          <p className="small muted numbers">{place(at)}</p>
        </div>
        <IconButton label="Close the pixel" onClick={onClose}>
          <X aria-hidden />
        </IconButton>
      </div>
      <div aria-live="polite" className="stack">
        <Inside pixel={pixel} />
      </div>
    </section>
  );
}

function Inside({ pixel }: { pixel: { data: Schemas["PixelView"] | undefined; error: unknown } }) {
  if (pixel.error) {
    if (asProblem(pixel.error).code === "outside-bounds") return <p className="muted">The map does not reach here.</p>;
    return <ProblemNotice error={pixel.error} />;
  }
  if (!pixel.data) return <Spinner label="Reading the pixel…" />;
  const { class: known, confidence, clear_observations: clear, curve, curve_reason: reason } = pixel.data;
  return (
    <>
      {known ? (
        <dl className="facts">
          <div>
            <dt>Class</dt>
            <dd className="row">
              <span className="swatch" style={{ background: known.color }} aria-hidden />
              {known.title}
            </dd>
          </div>
          <div>
            <dt>Confidence</dt>
            <dd>{confidence === null ? "–" : `${confidence} %`}</dd>
          </div>
          <div>
            <dt>Clear views</dt>
            <dd>{clear === null ? "–" : count(clear)}</dd>
          </div>
        </dl>
      ) : (
        <Notice>Nothing was mapped here: outside the area, or never seen clear.</Notice>
      )}
      {curve ? (
        <div className="stack-tight">
          <h3 className="small">{curve.layer.toUpperCase()} over the season</h3>
          <Curve curve={curve} color={known?.color ?? "#888888"} title={known?.title ?? "class"} />
        </div>
      ) : (
        <p className="small muted">No curve: {reason}.</p>
      )}
    </>
  );
}
