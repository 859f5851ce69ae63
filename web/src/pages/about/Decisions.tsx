interface Decision {
  title: string;
  chosen: string;
  against: readonly (readonly [string, string])[];
  cost: string;
}

const DECISIONS: readonly Decision[] = [
  {
    title: "Dagster, against Argo Workflows, Kubeflow and Airflow",
    chosen:
      "Work here is about things: a dataset version, a model, the map of an area. Dagster's unit is the thing, with partitions, blocking checks and lineage, and its whole graph runs in one process of a test or a laptop.",
    against: [
      ["Argo Workflows", "starts a pod for each step, which is right for long, isolated steps and wrong for a map of a second. It knows containers and files, not what was made from what."],
      ["Kubeflow", "brings notebooks, serving, tuning and pipelines, and a service mesh below them. Most of it would lie idle here, and all of it would want memory of a server of 8 GB."],
      ["Airflow", "schedules tasks by the clock very well. Datasets came late to it, partitions of two dimensions are not its idea, and its tests want its metadata database."],
    ],
    cost: "Dagster's start of a run is slow, and its GraphQL has no key that makes a launch idempotent. Both needed code of ours: the warm lane, and a follower that joins jobs and runs by a tag.",
  },
  {
    title: "Why an interactive lane",
    chosen:
      "A visitor waits for a map that takes a second of work. The usual way (queue, a fresh process, a process for each step) took 35.2 s for a map of 9 ha; the warm lane takes 1.33 s, of which 0.69 s are the work itself. It stays a Dagster run with page, checks and lineage.",
    against: [
      ["A service beside Dagster", "would have been faster to write. But then a map would be made in two ways, and only one of them would be in Dagster's records."],
      ["A fork for each run", "isolates better; it is slower, and forking a process with threads is unsafe."],
    ],
    cost: "It uses parts of Dagster that are not public; integration tests run them on a real webserver and daemon, and an upgrade can break them. A dead worker costs its run a retry in the batch lane.",
  },
  {
    title: "Gitea, against GitLab",
    chosen: "Repository, pull requests, image registry and CI on the same small server: Gitea is one small program that does what is needed here.",
    against: [["GitLab", "does much more: security scans, planning, releases. It is many programs, and asks for a server of its own."]],
    cost: "Its Actions are younger than GitLab CI, and some of GitHub's actions do not run there. The pipeline is therefore plain scripts that also run without it.",
  },
  {
    title: "MLflow for models",
    chosen:
      "A registry with versions, aliases and metrics that people know, and one alias that says which model makes the maps. Models themselves lie in our store as bundles that run no code when loaded.",
    against: [
      ["A table of our own", "would be enough for the alias; it would not be a page where somebody compares trainings."],
      ["Weights & Biases and other services", "are better to look at; the records of trainings would leave the server."],
    ],
    cost: "Its client is slow to import, so it is imported late, and its server is given more memory than any other service. Dagster's own MLflow integration drives a global run, which is wrong with several processes, and is not used.",
  },
  {
    title: "MinIO, against cloud storage",
    chosen: "Tiles read maps by byte ranges, several for each look: in the same server that costs a disk access, and nothing by the request. The code speaks S3, so an address is all that ties it to MinIO.",
    against: [["S3, R2, GCS", "are far more durable than one disk, and cost nothing to run. They bill requests or traffic, and add the way there to each tile."]],
    cost: "Durability is ours: backups go nightly to another store, and one disk is one disk. On several nodes MinIO runs with erasure coding.",
  },
  {
    title: "PostGIS, against Supabase",
    chosen: "The API needs transactions, constraints, an index on geometry, and pgstac. That is PostgreSQL with PostGIS, and nothing else.",
    against: [["Supabase", "adds logins, a REST layer, storage and realtime around the same database. The API has these in the form that it needs, and quotas and single flight must be decided inside its transactions, not in a generated API."]],
    cost: "Logins, tokens and streams are code of ours to keep right and to test. SQLite serves where there is no server, and the same tests run on both.",
  },
];

export function Decisions() {
  return (
    <>
      <header className="stack-tight">
        <h1>Engineering decisions and trade-offs</h1>
        <p className="lead">What was chosen, against what, and what it costs. Figures were measured on two virtual cores with the benchmarks of this repository.</p>
      </header>
      {DECISIONS.map((one) => (
        <article key={one.title} className="card decision">
          <h2>{one.title}</h2>
          <p>{one.chosen}</p>
          <dl>
            {one.against.map(([name, why]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{why}</dd>
              </div>
            ))}
            <div>
              <dt>What it costs</dt>
              <dd>{one.cost}</dd>
            </div>
          </dl>
        </article>
      ))}
      <div className="prose">
        <h2>Held to numbers</h2>
        <ul>
          <li>Tree prediction, compiled: 53 times less CPU than the libraries for the whole ensemble, probabilities within 6.0e-8 of theirs.</li>
          <li>200 clients at once for a minute: status answered in 9 ms at the median, 39 to 41 ms at the 99th percentile, no error.</li>
          <li>From a request to the first baseline tile: 27 ms at the median, at most 33 ms; 146 ms for the very first after a start.</li>
        </ul>
      </div>
    </>
  );
}
