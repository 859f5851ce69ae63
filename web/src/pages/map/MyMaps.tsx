import { Map as MapIcon } from "lucide-react";
import { Link } from "wouter";
import { askToLogIn, useSession } from "../../api/auth";
import { useMyMaps, useQuota, type Prediction } from "../../api/hooks";
import { date, hectares } from "../../lib/format";
import { Button } from "../../ui/Button";
import { Empty, ProblemNotice, Spinner } from "../../ui/Notice";

const STATES: Record<Prediction["state"], { text: string; tone: string }> = {
  queued: { text: "waiting", tone: "badge-warn" },
  running: { text: "being made", tone: "badge-warn" },
  ready: { text: "ready", tone: "badge-good" },
  failed: { text: "failed", tone: "badge-bad" },
  cancelled: { text: "cancelled", tone: "" },
};

export function StateBadge({ state }: { state: Prediction["state"] }) {
  return <span className={`badge ${STATES[state].tone}`}>{STATES[state].text}</span>;
}

export function MyMaps() {
  const user = useSession();
  const maps = useMyMaps();
  if (!user) {
    return (
      <Empty icon={<MapIcon aria-hidden />} title="Your maps are kept here">
        <p>Log in to see them.</p>
        <Button kind="primary" onClick={() => askToLogIn("Log in to see your maps.")}>
          Log in
        </Button>
      </Empty>
    );
  }
  if (maps.error) return <ProblemNotice error={maps.error} />;
  if (!maps.data) return <Spinner label="Looking for your maps…" />;
  return (
    <div className="stack">
      <Quota />
      {maps.data.items.length === 0 ? (
        <Empty icon={<MapIcon aria-hidden />} title="No map yet">
          <p>Choose an area and a season under “New map”.</p>
        </Empty>
      ) : (
        <ul className="maps">
          {maps.data.items.map((one) => (
            <li key={one.id}>
              <MapCard prediction={one} />
            </li>
          ))}
        </ul>
      )}
      {maps.data.total > maps.data.items.length && (
        <p className="muted small">The newest {maps.data.items.length} of {maps.data.total} are shown.</p>
      )}
    </div>
  );
}

function Quota() {
  const quota = useQuota();
  if (quota.data?.limit == null) return null;
  const { limit, started, left } = quota.data;
  return (
    <div className="stack-tight">
      <p className="row-between small">
        <strong>{left === 1 ? "1 map left" : `${left} maps left`}</strong>
        <span className="muted numbers">
          {started} of {limit} used
        </span>
      </p>
      <div className="meter" aria-hidden>
        <div style={{ width: `${limit ? (started / limit) * 100 : 100}%` }} />
      </div>
    </div>
  );
}

function MapCard({ prediction }: { prediction: Prediction }) {
  const { aoi, result, season, state } = prediction;
  return (
    <Link href={`/maps/${prediction.id}`} className="map-card">
      {result ? (
        <img src={result.thumbnail} alt="" width={56} height={56} loading="lazy" />
      ) : (
        <span className="map-card-blank" aria-hidden>
          <MapIcon />
        </span>
      )}
      <span className="grow">
        <strong className="one-line">{aoi.name ?? "Unnamed area"}</strong>
        <span className="small muted numbers">
          {season} · {hectares(aoi.area_ha)}
        </span>
        <span className="small muted">
          {date(prediction.created_at)}
          {result && ` · model ${result.model_version}`}
        </span>
      </span>
      <StateBadge state={state} />
    </Link>
  );
}
