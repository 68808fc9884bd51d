// What AsyncAPI's own parser finds wrong with documents, a line of JSON each; nothing where they are AsyncAPI.
import { createRequire } from "node:module";

const [modules, ...documents] = process.argv.slice(2);
const { Parser, fromFile } = createRequire(`${modules}/`)("@asyncapi/parser");
for (const document of documents) {
  const { diagnostics } = await fromFile(new Parser(), document).parse();
  for (const { path, message } of diagnostics) {
    console.log(JSON.stringify({ document, path: path.join("."), message }));
  }
}
