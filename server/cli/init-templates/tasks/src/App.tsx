// Projects that are shared with others, and their tasks.
import { type FormEvent, useState } from "react";
import { lf, me } from "./landfall";
import { useLoaded } from "./use-loaded";

export function App() {
  const [project, setProject] = useState<string>();
  const projects = useLoaded(() => lf.from("projects").sort("name").list());
  if (me === "")
    return (
      <main>
        Open a link that <code>npm run people</code> printed.
      </main>
    );

  const add = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const name = String(new FormData(form).get("name"));
    void projects.act(() => lf.from("projects").create({ name, owner: me })).then(() => form.reset());
  };
  return (
    <main>
      <h1>Projects of {me}</h1>
      {projects.error && <p role="alert">{projects.error}</p>}
      <ul>
        {projects.value?.items.map(({ id, name, owner, members }) => (
          <li key={id}>
            <span>
              {name} <small>{owner === me ? members.join(", ") : `by ${owner}`}</small>
            </span>
            {owner === me && <Share project={id} members={members} done={projects.reload} />}
            <button type="button" onClick={() => setProject(id)}>
              Open
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={add}>
        <input name="name" required maxLength={80} placeholder="New project" aria-label="New project" />
        <button type="submit">Add project</button>
      </form>
      {project !== undefined && <Tasks project={project} />}
    </main>
  );
}

function Share({ project, members, done }: { project: string; members: string[]; done: () => void }) {
  const share = async () => {
    const person = window.prompt("Share with whom?");
    if (!person || members.includes(person)) return;
    await lf.from("projects").update(project, { members: [...members, person] });
    done();
  };
  return (
    <button type="button" onClick={() => void share()}>
      Share
    </button>
  );
}

function Tasks({ project }: { project: string }) {
  const tasks = useLoaded(
    () => lf.from("tasks").filter({ project }).sort("done", "due", "createdAt").limit(200).list(),
    project,
  );

  const add = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const task = { project, title: String(given.get("title")), due: String(given.get("due")) || null };
    void tasks.act(() => lf.from("tasks").create(task)).then(() => form.reset());
  };
  return (
    <section>
      <h2>Tasks</h2>
      {tasks.error && <p role="alert">{tasks.error}</p>}
      <ul>
        {tasks.value?.items.map(({ id, title, done, due }) => (
          <li key={id}>
            <label>
              <input
                type="checkbox"
                checked={done}
                onChange={() => void tasks.act(() => lf.from("tasks").update(id, { done: !done }))}
              />{" "}
              {title}
            </label>
            <small>{due}</small>
          </li>
        ))}
      </ul>
      <form onSubmit={add}>
        <input name="title" required maxLength={200} placeholder="New task" aria-label="New task" />
        <input name="due" type="date" aria-label="Due" />
        <button type="submit">Add task</button>
      </form>
    </section>
  );
}
