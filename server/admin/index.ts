// What the console needs beyond the public doors: little.
export { adminRoomRoutes } from "./routes.ts";
