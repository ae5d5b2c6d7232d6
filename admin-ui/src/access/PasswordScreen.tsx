// Sets a new password: by choice with the current one, or at once after signing in with a one-time password.
import { Button, PasswordInput, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../api/api.ts";
import { session } from "../api/session.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { toastDone } from "../parts/toasts.tsx";
import { AccessCard } from "./AccessCard.tsx";
import { NewPassword } from "./NewPassword.tsx";
import { passwordStrength } from "./password.ts";
import { texts } from "./texts.ts";

export function PasswordScreen() {
  const navigate = useNavigate();
  const [current] = useState(session.current);
  const [old, setOld] = useState("");
  const [password, setPassword] = useState("");
  const must = current?.mustChangePassword === true;
  const change = useMutation({
    mutationFn: () => api.admin.changePassword({ ...(must ? {} : { currentPassword: old }), password }),
    onSuccess: async () => {
      if (current) session.keep({ ...current, mustChangePassword: false });
      toastDone(texts.change.done);
      await navigate({ to: "/", replace: true });
    },
  });
  const strength = passwordStrength(password, current?.admin.email);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <AccessCard title={texts.change.title}>
      <p className="quiet">{must ? texts.change.must : texts.change.body}</p>
      <form onSubmit={submit}>
        <Stack gap="md">
          {must ? null : (
            <PasswordInput
              label={texts.change.current}
              value={old}
              onChange={(event) => setOld(event.currentTarget.value)}
              autoComplete="current-password"
              required
            />
          )}
          <NewPassword label={texts.change.next} value={password} strength={strength} onChange={setPassword} />
          {change.error ? <ProblemView error={change.error} /> : null}
          <Button type="submit" loading={change.isPending} disabled={strength === 0}>
            {texts.change.submit}
          </Button>
        </Stack>
      </form>
    </AccessCard>
  );
}
