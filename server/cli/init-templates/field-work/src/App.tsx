// Reports from sites: whoever is there writes one, with the place the phone is at; the lead accepts them.
import { type FormEvent, useState } from "react";
import { lf, me } from "./landfall";
import { useLoaded } from "./use-loaded";

const kinds = ["damage", "measurement", "visit"] as const;

export function App() {
  const [site, setSite] = useState<string>();
  const sites = useLoaded(() => lf.from("sites").sort("name").limit(200).list());
  const reports = useLoaded(() => lf.from("reports").sort("-takenAt").limit(50).expand({ site: true }).list());
  if (me === "")
    return (
      <main>
        Open a link that <code>npm run people</code> printed.
      </main>
    );

  const addSite = async () => {
    const name = window.prompt("Name of the site you stand at?");
    if (name) await lf.from("sites").create({ name, place: await here(), crew: [me] });
  };
  const report = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const kind = kinds.find((one) => one === given.get("kind")) ?? "visit";
    const send = async () =>
      lf.from("reports").create({
        ...{ site: site ?? "", author: me, kind, note: String(given.get("note")) },
        ...{ place: await here(), takenAt: new Date().toISOString() },
      });
    void reports.act(send).then(() => form.reset());
  };
  return (
    <main>
      <h1>Sites of {me}</h1>
      {(sites.error ?? reports.error) && <p role="alert">{sites.error ?? reports.error}</p>}
      <ul>
        {sites.value?.items.map(({ id, name, crew }) => (
          <li key={id}>
            <span>
              {name} <small>{crew.join(", ")}</small>
            </span>
            <button type="button" onClick={() => setSite(id)}>
              Report
            </button>
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => void sites.act(addSite)}>
        Add the site I stand at
      </button>
      {site !== undefined && (
        <form onSubmit={report}>
          <select name="kind" aria-label="Kind">
            {kinds.map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </select>
          <input name="note" maxLength={2000} placeholder="Note" aria-label="Note" />
          <button type="submit">Send from here</button>
        </form>
      )}
      <h2>Reports</h2>
      <ul>
        {reports.value?.items.map(({ id, kind, note, author, status, site: at }) => (
          <li key={id}>
            <span>
              {at?.name}: {kind} {note} <small>{author}</small>
            </span>
            {status === "accepted" ? (
              <small>accepted</small>
            ) : (
              <button
                type="button"
                onClick={() => void reports.act(() => lf.from("reports").update(id, { status: "accepted" }))}
              >
                Accept
              </button>
            )}
          </li>
        ))}
      </ul>
    </main>
  );
}

function here(): Promise<{ lat: number; lng: number }> {
  return new Promise((resolve, reject) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lat: coords.latitude, lng: coords.longitude }),
      (error) => reject(new Error(`Where you are is not known: ${error.message}`)),
      { enableHighAccuracy: true, timeout: 20_000 },
    );
  });
}
