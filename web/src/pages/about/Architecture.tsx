import { Diagram, type Box, type Zone } from "./Diagram";

const ZONES: readonly Zone[] = [
  { x: 190, y: 14, width: 200, height: 316, title: "Asks and answers" },
  { x: 430, y: 14, width: 210, height: 316, title: "Keeps" },
  { x: 680, y: 14, width: 210, height: 316, title: "Does the work" },
];
const BOXES: readonly Box[] = [
  { id: "visitor", x: 14, y: 84, width: 136, title: "You", note: "the web map" },
  { id: "api", x: 210, y: 84, width: 160, title: "API", note: "jobs, tiles, live events", own: true },
  { id: "postgis", x: 450, y: 116, width: 170, title: "PostGIS", note: "areas, jobs, events, runs" },
  { id: "minio", x: 450, y: 188, width: 170, title: "MinIO", note: "labels, models, maps" },
  { id: "registry", x: 450, y: 260, width: 170, title: "MLflow", note: "model versions, champion" },
  { id: "dagster", x: 700, y: 44, width: 170, title: "Dagster", note: "queue, sensors, records" },
  { id: "lane", x: 700, y: 138, width: 170, title: "Warm worker", note: "visitors' maps", own: true },
  { id: "runs", x: 700, y: 232, width: 170, title: "Run pods", note: "training, large maps", own: true },
  { id: "imagery", x: 700, y: 358, width: 170, title: "Imagery archive", note: "scenes, by STAC" },
];
const ARROWS = [
  ["visitor", "api"],
  ["api", "dagster"],
  ["api", "postgis"],
  ["api", "minio"],
  ["api", "registry"],
  ["dagster", "postgis"],
  ["dagster", "lane"],
  ["lane", "minio"],
  ["runs", "minio"],
  ["runs", "registry"],
  ["imagery", "runs"],
] as const;
const TEXT =
  "You ask the API for the map of an area. The API writes the job into PostGIS and has Dagster run it: on the warm worker if it is a visitor's map, " +
  "in a pod of its own if it is large or a training. Both read scenes from the imagery archive and write composites, maps and models into MinIO. " +
  "MLflow says which model is the champion. The API makes tiles straight from the maps in MinIO. Green boxes are this project's own code.";

export function Architecture() {
  return (
    <>
      <header className="stack-tight">
        <h1>System architecture</h1>
        <p className="lead">
          GeoCrop turns satellite time series and farmers' labels into crop maps, and keeps every map traceable to the scenes, samples,
          code and model that made it.
        </p>
      </header>
      <Diagram width={904} height={422} title="How the parts work together" text={TEXT} zones={ZONES} boxes={BOXES} arrows={ARROWS} />
      <div className="prose">
        <h2>From a drawn area to a map</h2>
        <p>
          A request writes one row: the job, its quota, and a key that lets one map of an area and season be made only once, however many ask
          for it. The run in Dagster carries the job's id as a tag, so that neither is lost when the other is down for a while. You see the Dynamic
          World baseline of your area at once; progress comes over a stream.
        </p>
        <p>
          A map is made in two steps. The composite (cloud-free medians of a season) is kept; classes are drawn from it. So a new champion
          redraws a map without reading the archive again.
        </p>

        <h2>Why MinIO</h2>
        <p>
          Labels, models and maps are files, and object storage is how the imaging world reads files: by byte ranges, over HTTP. MinIO speaks
          S3 on the same small server, costs nothing by the request, and can be exchanged for any S3 store by an address. Without it, a folder
          keeps the same contract; one test suite proves both.
        </p>
        <h2>Why Dagster</h2>
        <p>
          The things of value here are assets: samples, features, models, composites, maps. Dagster's graph is made of exactly these, with
          partitions (dataset version, area and season), checks that block, and a record of what was made from what. Sensors react to uploads; promotion is a
          run like any other, with page and log.
        </p>
        <h2>Why PostGIS</h2>
        <p>
          Promises such as “a hundred requests at once start exactly five jobs” are constraints and single statements of the database, not
          hopes of the code. PostGIS adds the geometry of each area under an index, and pgstac a catalogue that any STAC client can search.
          Dagster and MLflow have databases of their own in the same server.
        </p>
        <h2>One code, three sizes</h2>
        <p>
          With nothing installed but Python, the platform runs on SQLite and a folder. On a small server and on a cluster the same assets run
          on PostGIS and MinIO. None of these is a second implementation: settings choose.
        </p>
      </div>
    </>
  );
}
