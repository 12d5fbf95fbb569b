/** The JSON Schema of the config file. */
export function jsonSchema(): unknown {
  return {};
}
