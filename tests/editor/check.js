// Opens files in yaml-language-server, as an editor does, and compares its diagnostics and completions.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import rpc from 'vscode-jsonrpc/node.js';

const here = dirname(fileURLToPath(import.meta.url));
const schema = pathToFileURL(join(here, '../../readiness.schema.json')).href;
const settings = { validate: true, completion: true, schemas: { [schema]: '*.readiness.yaml' }, schemaStore: { enable: false } };
const TIMEOUT = 60_000;

const server = spawn('node', [join(here, 'node_modules/yaml-language-server/bin/yaml-language-server'), '--stdio']);
const connection = rpc.createMessageConnection(new rpc.StreamMessageReader(server.stdout), new rpc.StreamMessageWriter(server.stdin));
connection.onRequest('workspace/configuration', ({ items }) => items.map(({ section }) => (section === 'yaml' ? settings : {})));
connection.onRequest('client/registerCapability', () => null);
const waiting = new Map();
connection.onNotification('textDocument/publishDiagnostics', ({ uri, diagnostics }) => waiting.get(uri)?.(diagnostics));
connection.listen();

const capabilities = { workspace: { configuration: true }, textDocument: { completion: { completionItem: { snippetSupport: true } } } };
await connection.sendRequest('initialize', { processId: process.pid, rootUri: pathToFileURL(here).href, capabilities });
await connection.sendNotification('initialized', {});
await connection.sendNotification('workspace/didChangeConfiguration', { settings: { yaml: settings } });

/** The diagnostics of a text, one per line, sorted by position. */
async function diagnostics(name, text) {
  const uri = pathToFileURL(join(here, name)).href;
  const published = new Promise((resolve) => waiting.set(uri, resolve));
  await connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
  const found = await Promise.race([published, new Promise((_, reject) => setTimeout(() => reject(new Error('no diagnostics')), TIMEOUT))]);
  const place = ({ range: { start } }) => start.line * 1000 + start.character;
  return found.sort((one, other) => place(one) - place(other)).map((it) => `${it.range.start.line + 1}:${it.range.start.character + 1} ${it.message}`);
}

/** The completions at the end of a text; of snippets, with the text that they insert. */
async function completions(name, text) {
  await diagnostics(name, text);
  const uri = pathToFileURL(join(here, name)).href;
  const lines = text.split('\n');
  const position = { line: lines.length - 1, character: lines.at(-1).length };
  const result = await connection.sendRequest('textDocument/completion', { textDocument: { uri }, position });
  const inserted = (it) => it.insertText ?? it.textEdit?.newText ?? '';
  const snippet = (it) => (inserted(it).includes('${1') ? inserted(it).replace(/\n/g, '\n    | ').replace(/^/, '\n    | ') : '');
  return (result.items ?? result).map((it) => it.label + snippet(it));
}

const sections = [
  ['errors', await diagnostics('errors.readiness.yaml', readFileSync(join(here, 'errors.readiness.yaml'), 'utf8'))],
  ['an example', await diagnostics('../../examples/release.readiness.yaml', readFileSync(join(here, '../../examples/release.readiness.yaml'), 'utf8'))],
  ['an empty file', await completions('empty.readiness.yaml', 'p')],
  ['an area', await completions('area.readiness.yaml', 'project: x\nareas:\n  ')],
  ['a workstream', await completions('workstream.readiness.yaml', 'project: x\nareas:\n  a:\n    workstreams:\n      ')],
  ['a milestone', await completions('milestone.readiness.yaml', 'project: x\nmilestones:\n  ')],
  ['a risk', await completions('risk.readiness.yaml', 'project: x\nrisks:\n  ')],
  ['a task', await completions('task.readiness.yaml', 'project: x\nareas:\n  a:\n    workstreams:\n      w:\n        tasks:\n          - ')],
];
const text = sections.map(([title, lines]) => `${title}:\n${(lines.length ? lines : ['nothing']).map((line) => `  ${line}\n`).join('')}`).join('\n');
const expected = join(here, 'expected.txt');
if (process.env.UPDATE) {
  writeFileSync(expected, text);
}
const same = readFileSync(expected, 'utf8') === text;
console.log(same ? `editor: ${sections.length} sections as expected` : `tests/editor/expected.txt differs; UPDATE=1 writes it:\n${text}`);
process.exit(same ? 0 : 1);
