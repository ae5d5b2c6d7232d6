// Signs an administrator in and returns to where the session ended.
import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../api/api.ts";
import { session } from "../api/session.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { AccessCard } from "./AccessCard.tsx";
import { ownAddress } from "./return-address.ts";
import { texts } from "./texts.ts";

export function SignInScreen() {
  const router = useRouter();
  const { return: back, expired } = useSearch({ from: "/sign-in" });
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const setup = useQuery({ queryKey: ["setup"], queryFn: api.setup.state });
  const signIn = useMutation({
    mutationFn: () => api.admin.signIn({ email, password }),
    onSuccess: (made) => {
      session.keep(made);
      router.history.replace(ownAddress(back));
    },
  });
  if (setup.data?.needed) {
    return (
      <AccessCard title={texts.signIn.title}>
        <p>{texts.signIn.setup}</p>
        <p className="quiet">{texts.signIn.setupHow}</p>
      </AccessCard>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <AccessCard title={texts.signIn.title}>
      {expired ? <p role="status">{texts.signIn.expired}</p> : null}
      <form onSubmit={submit}>
        <Stack gap="md">
          <TextInput
            label={texts.signIn.email}
            type="email"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            autoComplete="username"
            autoFocus
            required
          />
          <PasswordInput
            label={texts.signIn.password}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            autoComplete="current-password"
            required
          />
          {signIn.error ? <ProblemView error={signIn.error} /> : null}
          <Button type="submit" loading={signIn.isPending}>
            {texts.signIn.submit}
          </Button>
        </Stack>
      </form>
    </AccessCard>
  );
}
