// Makes the first administrator. The secret that proves the right to do so arrives in the address's fragment, which
// browsers do not send, and is removed from the address at once.
import { Button, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../api/api.ts";
import { session } from "../api/session.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { AccessCard } from "./AccessCard.tsx";
import { NewPassword } from "./NewPassword.tsx";
import { passwordStrength } from "./password.ts";
import { texts } from "./texts.ts";

export function SetupScreen() {
  const navigate = useNavigate();
  const { hash } = useLocation();
  const [secret, setSecret] = useState(() => secretIn(hash));
  const [secretWasGiven] = useState(secret !== "");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const state = useQuery({ queryKey: ["setup"], queryFn: api.setup.state });
  const complete = useMutation({
    mutationFn: () => api.setup.complete({ secret, email, password }),
    onSuccess: async (made) => {
      session.keep(made);
      await navigate({ to: "/", replace: true });
    },
  });
  if (state.data && !state.data.needed) {
    return (
      <AccessCard title={texts.setup.title}>
        <p>{texts.setup.done}</p>
        <Button component={Link} to="/sign-in">
          {texts.setup.toSignIn}
        </Button>
      </AccessCard>
    );
  }
  const strength = passwordStrength(password, email);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    complete.mutate();
  };
  return (
    <AccessCard title={texts.setup.title}>
      <p className="quiet">{texts.setup.body}</p>
      <form onSubmit={submit}>
        <Stack gap="md">
          {secretWasGiven ? null : (
            <TextInput
              label={texts.setup.secret}
              description={texts.setup.secretHint}
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value.trim())}
              autoComplete="off"
              spellCheck={false}
              required
            />
          )}
          <TextInput
            label={texts.setup.email}
            type="email"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            autoComplete="username"
            required
          />
          <NewPassword label={texts.setup.password} value={password} strength={strength} onChange={setPassword} />
          {complete.error ? <ProblemView error={complete.error} /> : null}
          <Button type="submit" loading={complete.isPending} disabled={strength === 0}>
            {texts.setup.submit}
          </Button>
        </Stack>
      </form>
    </AccessCard>
  );
}

function secretIn(hash: string): string {
  const secret = new URLSearchParams(hash.replace(/^#/, "")).get("setup") ?? "";
  if (secret) history.replaceState(history.state, "", location.pathname);
  return secret;
}
