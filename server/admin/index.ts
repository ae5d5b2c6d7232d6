// What the console needs beyond the public doors: little.
export { type AdminRoomOptions, adminRoomRoutes } from "./routes.ts";
