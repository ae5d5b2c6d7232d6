// One bcrypt check in a thread of its own: it answers and ends (password-foreign.ts).
import { parentPort, workerData } from "node:worker_threads";
import bcrypt from "bcryptjs";

const { password, stored } = workerData as { readonly password: string; readonly stored: string };
parentPort?.postMessage(bcrypt.compareSync(password, stored));
