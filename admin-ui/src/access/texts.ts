// The words of set-up and sign-in.
export const texts = {
  setup: {
    title: "Set up Landfall",
    body: "Make the first administrator. You will be signed in at once.",
    email: "E-mail",
    password: "Password",
    passwordHint: "At least 8 characters. A few unrelated words are strong and easy to keep.",
    submit: "Create administrator",
    secret: "Set-up secret",
    secretHint: "It stands in the address that the server printed when it started, after #setup=.",
    done: "Landfall is already set up.",
    toSignIn: "Go to sign-in",
  },
  signIn: {
    title: "Sign in to Landfall",
    expired: "Your session ended. Sign in to go on where you were.",
    email: "E-mail",
    password: "Password",
    submit: "Sign in",
    setup: "This server has no administrator yet.",
    setupHow:
      "Open the set-up address that the server printed when it started, or run “landfall setup-url” to see it again.",
  },
  change: {
    title: "Change password",
    must: "You signed in with a one-time password. Set one of your own to go on.",
    body: "All your other sessions will end.",
    current: "Current password",
    next: "New password",
    submit: "Change password",
    done: "Password changed",
  },
  strength: {
    label: "Password strength",
    words: ["Too short", "Weak", "Fair", "Good", "Strong"],
  },
} as const;
