import { ScrollX } from "../ScrollX";
import { percent } from "../../lib/format";
import { sharesOf, type Report } from "./read";

/** Truth down, prediction across: the deeper a cell, the larger its share of the truth's samples. */
export function ConfusionMatrix({ report, version }: { report: Report; version: number }) {
  const shares = sharesOf(report.confusion);
  return (
    <div className="stack-tight">
      <h4 className="field-label">Confusion matrix</h4>
      <p className="small muted">Samples of each true class (rows) by predicted class (columns).</p>
      <ScrollX label={`Confusion matrix of version ${version}`}>
        <table className="table confusion">
          <thead>
            <tr>
              <th scope="col">True class</th>
              {report.classes.map((name) => (
                <th key={name} scope="col" className="right">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {report.classes.map((truth, row) => (
              <tr key={truth}>
                <th scope="row">{truth}</th>
                {report.classes.map((predicted, column) => {
                  const share = shares[row]?.[column] ?? 0;
                  return (
                    <td
                      key={predicted}
                      data-diagonal={row === column}
                      style={{ background: `color-mix(in oklab, var(--surface), var(--accent) ${Math.round(share * 45)}%)` }}
                    >
                      {report.confusion[row]?.[column] ?? 0}{" "}
                      {share > 0 && <span className="share">{percent(share)}</span>}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      {report.warnings.map((one) => (
        <p key={one} className="small muted">
          {one}
        </p>
      ))}
    </div>
  );
}
