// What guards the way in: where sign-in may lead, and what a password is told.
import { expect, test } from "vitest";
import { passwordStrength } from "./password.ts";
import { ownAddress } from "./return-address.ts";

test("sign-in leads back into the console and nowhere else", () => {
  expect(ownAddress("/collections/posts/records?filter=a")).toBe("/console/collections/posts/records?filter=a");
  expect(ownAddress("/console/keys")).toBe("/console/keys");
  for (const elsewhere of [
    undefined,
    "",
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "/console//evil.example",
    "javascript:alert(1)",
    "/sign-in?return=/x",
  ])
    expect(ownAddress(elsewhere), elsewhere).toBe("/console/");
});

test("a password is weak when short, usual, or made of the address", () => {
  expect(passwordStrength("short")).toBe(0);
  expect(passwordStrength("password1234")).toBe(1);
  expect(passwordStrength("annabelle1", "annabelle@example.com")).toBe(1);
  expect(passwordStrength("aaaaaaaaaaaa")).toBe(1);
  expect(passwordStrength("correct horse battery staple")).toBe(4);
});
