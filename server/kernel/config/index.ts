// The door to configuration: main reads it once and passes it down.
export { settingsHelp } from "./describe.ts";
export { type Config, ConfigError, type Environment, masterKeyBytes, projectRoot, readConfig } from "./read.ts";
