import { Diagram, type Box, type Zone } from "./Diagram";
import { ScrollX } from "../ScrollX";

const ZONES: readonly Zone[] = [{ x: 14, y: 14, width: 700, height: 300, title: "One small server" }];
const BOXES: readonly Box[] = [
  { id: "bootstrap", x: 34, y: 50, width: 150, title: "deploy/bootstrap", note: "once", own: true },
  { id: "k3s", x: 34, y: 142, width: 150, title: "K3s", note: "with Traefik" },
  { id: "terraform", x: 290, y: 50, width: 170, title: "Terraform", note: "namespaces, quotas" },
  { id: "argo", x: 290, y: 142, width: 170, title: "Argo CD", note: "follows git" },
  { id: "operators", x: 520, y: 50, width: 176, title: "Operators (Helm)", note: "Prometheus, Loki, Gitea" },
  { id: "platform", x: 520, y: 142, width: 176, title: "GeoCrop (Kustomize)", note: "dev, prod, cluster", own: true },
  { id: "git", x: 290, y: 240, width: 170, title: "Git in Gitea", note: "every change a commit" },
  { id: "ci", x: 520, y: 240, width: 176, title: "CI", note: "tests, images, tags" },
];
const ARROWS = [
  ["bootstrap", "k3s"],
  ["bootstrap", "terraform"],
  ["terraform", "argo"],
  ["argo", "operators"],
  ["argo", "platform"],
  ["git", "argo"],
  ["ci", "git"],
] as const;
const TEXT =
  "A bootstrap script installs K3s, Argo CD, the first secrets and the first administrator on an empty server. Terraform makes namespaces, quotas and limits. " +
  "Argo CD then applies what git says: operators by Helm, GeoCrop by Kustomize overlays. CI tests a change, builds images and proposes their tags as a pull request.";

/** As deploy/README.md has them. */
const PARTS: readonly (readonly [string, string, string])[] = [
  ["Web map and API, with tiles", "256 MiB", "512 MiB"],
  ["Dagster: webserver for administrators", "256 MiB", "512 MiB"],
  ["Dagster: read-only webserver", "224 MiB", "512 MiB"],
  ["Dagster: daemon", "224 MiB", "512 MiB"],
  ["Code location", "256 MiB", "512 MiB"],
  ["Warm worker", "512 MiB", "2 GiB"],
  ["MLflow", "320 MiB", "768 MiB"],
  ["PostGIS", "192 MiB", "512 MiB"],
  ["MinIO", "192 MiB", "512 MiB"],
  ["JupyterLab", "96 MiB", "2 GiB"],
  ["A run: a map", "1 GiB", "2 GiB"],
  ["A run: a training", "4 GiB", "8 GiB"],
  ["A run: other", "768 MiB", "2 GiB"],
];

const OWNERS: readonly (readonly [string, string])[] = [
  ["deploy/bootstrap", "K3s, Argo CD itself, the first secrets, the first administrator"],
  ["Terraform", "Namespaces with their PodSecurity labels, ResourceQuotas, LimitRanges, the hook for single sign-on"],
  ["Helm, by Argo CD", "Operators, in namespaces of their own"],
  ["Kustomize, by Argo CD", "Everything inside GeoCrop's namespaces"],
];

export function Infrastructure() {
  return (
    <>
      <header className="stack-tight">
        <h1>Infrastructure design</h1>
        <p className="lead">Built for one server of 8 GB, and the same manifests for a cluster. Numbers below are those of this version's deployment files.</p>
      </header>
      <Diagram width={728} height={328} title="From an empty server to a running platform" text={TEXT} zones={ZONES} boxes={BOXES} arrows={ARROWS} />
      <div className="prose">
        <h2>K3s on a small server</h2>
        <p>
          K3s is Kubernetes in one process, so that the platform of one server and that of a cluster are described in the same words. The node
          keeps memory for itself: without it the last pod takes the machine down. Secrets lie encrypted in K3s' database, and sealed in git.
        </p>
        <h2>512 MB for services, 2 GB for workers</h2>
        <p>
          A service may use 512 MiB, a worker 2 GiB: who needs more is a fault to find, not a reason for a larger server. Three parts
          are exceptions, and say so: MLflow, whose server needs 768 MiB; notebooks, which may use 2 GiB while somebody works; and
          trainings, which may use 8 GiB, one at a time. All services and one training fit the server; a test adds them up at every change.
        </p>
      </div>
      <ScrollX label="Memory of each part" className="card">
        <table className="table">
          <caption className="field-label" style={{ textAlign: "left" }}>Memory of each part, one replica each</caption>
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col" className="right">Asks for</th>
              <th scope="col" className="right">May use</th>
            </tr>
          </thead>
          <tbody>
            {PARTS.map(([part, asks, most]) => (
              <tr key={part}>
                <th scope="row">{part}</th>
                <td className="right">{asks}</td>
                <td className="right">{most}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      <div className="prose">
        <h2>Layers: who owns what</h2>
        <p>No object has two owners; a test compares what Terraform makes with what Kustomize makes.</p>
      </div>
      <ScrollX label="Layers of the deployment" className="card">
        <table className="table">
          <caption className="visually-hidden">Layers of the deployment</caption>
          <thead>
            <tr>
              <th scope="col">Layer</th>
              <th scope="col">Owns</th>
            </tr>
          </thead>
          <tbody>
            {OWNERS.map(([who, what]) => (
              <tr key={who}>
                <th scope="row">{who}</th>
                <td>{what}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      <div className="prose">
        <h2>GitOps</h2>
        <p>
          A change is a commit, a rollback is its revert: Argo CD follows git, and undoes what was changed by hand. CI runs the tests, builds
          images with pinned packages, and proposes the new tags as a pull request that a person merges. Network policies let each pod reach
          only what it needs; pods run without root, under Kubernetes' “restricted” rules.
        </p>
        <h2>Backups</h2>
        <p>
          Each night all databases and buckets are copied into a store of their own: whole or not at all, and only what has changed. What
          refers is read before what it refers to, so a backup is consistent although nothing stops for it.
        </p>
      </div>
    </>
  );
}
