// Shapes that cross the wire, shared by the server, the client and the console. Types and pure functions only.
export type { ProblemDocument, ProblemIssue } from "./problem.ts";
