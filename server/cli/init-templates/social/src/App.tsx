// A timeline: posts for everybody or for followers, likes, and whom to follow.
import type { FormEvent } from "react";
import { lf, me } from "./landfall";
import { useLoaded } from "./use-loaded";

const timeline = () =>
  lf
    .from("posts")
    .sort("-createdAt")
    .limit(50)
    .expand({ author: true, likes: { limit: 100 } })
    .list();

export function App() {
  const profile = useLoaded(() => lf.from("profiles").filter({ id: me }).first());
  const posts = useLoaded(timeline);
  if (me === "")
    return (
      <main>
        Open a link that <code>npm run people</code> printed.
      </main>
    );
  if (profile.value === undefined) return <main>{profile.error ?? "Loading …"}</main>;
  if (profile.value === null) {
    return <FirstTime make={(name) => profile.act(() => lf.from("profiles").create({ id: me, name }))} />;
  }

  const add = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const audience = given.get("followers") === null ? "everybody" : "followers";
    const post = { author: me, text: String(given.get("text")), audience } as const;
    void posts.act(() => lf.from("posts").create(post)).then(() => form.reset());
  };
  return (
    <main>
      <h1>Hello {profile.value.name}</h1>
      <form onSubmit={add}>
        <input name="text" required maxLength={500} placeholder="What is new?" aria-label="What is new?" />
        <label>
          <input name="followers" type="checkbox" /> for followers
        </label>
        <button type="submit">Post</button>
      </form>
      {posts.error && <p role="alert">{posts.error}</p>}
      <ul>
        {posts.value?.items.map(({ id, text, audience, author, likes }) => {
          const mine = likes.find((like) => like.person === me);
          const toggle = () =>
            mine ? lf.from("likes").delete(mine.id) : lf.from("likes").create({ post: id, person: me });
          return (
            <li key={id}>
              <span>
                <strong>{author?.name}</strong> {text} {audience === "followers" && <small>for followers</small>}
              </span>
              <button type="button" aria-pressed={mine !== undefined} onClick={() => void posts.act(toggle)}>
                Like {likes.length}
              </button>
            </li>
          );
        })}
      </ul>
      <People changed={posts.reload} />
    </main>
  );
}

function FirstTime({ make }: { make: (name: string) => Promise<void> }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void make(String(new FormData(event.currentTarget).get("name")));
  };
  return (
    <main>
      <form onSubmit={submit}>
        <input name="name" required maxLength={50} placeholder="Your name" aria-label="Your name" />
        <button type="submit">Join</button>
      </form>
    </main>
  );
}

function People({ changed }: { changed: () => void }) {
  const people = useLoaded(async () => {
    const [profiles, follows] = await Promise.all([
      lf
        .from("profiles")
        .filter({ id: { ne: me } })
        .sort("name")
        .limit(100)
        .list(),
      lf.from("follows").filter({ follower: me }).limit(1000).list(),
    ]);
    return { profiles: profiles.items, follows: follows.items };
  });
  return (
    <section>
      <h2>People</h2>
      {people.error && <p role="alert">{people.error}</p>}
      <ul>
        {people.value?.profiles.map(({ id, name }) => {
          const mine = people.value?.follows.find((follow) => follow.target === id);
          const toggle = () =>
            mine ? lf.from("follows").delete(mine.id) : lf.from("follows").create({ follower: me, target: id });
          return (
            <li key={id}>
              <span>{name}</span>
              <button type="button" onClick={() => void people.act(toggle).then(changed)}>
                {mine ? "Unfollow" : "Follow"}
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
