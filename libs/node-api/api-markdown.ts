import { z } from 'zod';
import { HEARTBEAT_MS, START_EVENT } from './event-stream.js';
import {
  type LedgerMethod,
  NODE_API_PATH,
  NODE_EVENTS_PATH,
  NODE_PEERS_PATH,
  NOT_FOUND_CODE,
  type NodeRoute,
  pathFields,
} from './route.js';
import { NODE_ROUTES } from './routes.js';

/** The text of docs/protocol/node-api.md, made of the route table. */
export function nodeApiToMarkdown(): string {
  const rows = (Object.entries(NODE_ROUTES) as [LedgerMethod, NodeRoute<LedgerMethod>][]).map(
    ([method, route]) =>
      `| \`${route.verb} ${route.path}\` | ${fieldsOf(route)} | ${answerOf(route)} | \`${method}\` | ${route.summary} |`,
  );
  return `# The node's HTTP API, version 1

<!-- Written by the generator in libs/node-api; change the route table there instead of this file. -->

Normative. Everybody who is not a process of the node's own operator reaches the ledger through this API: providers,
the command line, miners, explorers. Code: \`libs/node-api\` (table and client), \`libs/node-server\` (server). The
shapes are in \`libs/wire/views\`; a running node describes itself at \`/api/docs\`.

## Requests and answers
- Base path \`${NODE_API_PATH}\`. Bodies and answers are JSON. A field that is not in the table is refused.
- Hashes and ids are lower-case hex, block ids in the order people write them. Amounts are decimal strings of base
  units. Times are RFC 3339 in UTC. An account is an address or 40 hex digits.
- Lists are pages \`{ items, nextCursor }\`; \`cursor\` of the next request is \`nextCursor\` of the last, null at the
  end; \`limit\` is 1 to 200, default 50. A cursor says where in the list the reader is, so blocks that come in between
  move nothing.
- \`?\` marks a field that may be left out. \`or 404\` marks a look-up: what does not exist is status 404 with the code
  \`${NOT_FOUND_CODE}\`.

| request | fields | answer | port | meaning |
|---|---|---|---|---|
${rows.join('\n')}

## Errors
\`application/problem+json\` (RFC 9457) with \`code\`, \`detail\`, \`next\` (what to do) and \`data\`.

| status | code | meaning |
|---|---|---|
| 400 | \`request/invalid\` | a field is missing, malformed or unknown; \`issues\` names each |
| 400 | \`ledger/bad-address\`, \`ledger/bad-cursor\`, \`ledger/bad-event-id\` | well-formed JSON that means nothing here |
| 404 | \`${NOT_FOUND_CODE}\` | no such thing (yet) |
| 413 | \`http/too-large\` | longer than any block |
| 421 | \`http/host-not-allowed\` | asked for under a name that the node is not known by: use its IP address, or its \`CAIRN_ALLOWED_HOSTS\` |
| 422 | \`ledger/refused\` | a transaction, block or solution breaks a rule: \`data.violation.rule\` is its id, the other fields show it |
| 503 | \`ledger/closed\` | the node is stopping |

## The event stream
\`GET ${NODE_API_PATH}${NODE_EVENTS_PATH}\`, \`text/event-stream\`. Each message has \`id\`, \`event\` and \`data\`
(\`LedgerEvent\`: \`block\`, \`reorg\`, \`transaction\`).
- An id is \`<height>-<block id>-<run>.<number>\`: the main chain up to this block is known to the reader, and so many
  transaction events of this run of the node (it draws \`run\` at its start). \`<height>-<block id>\` alone is an id too
  and means "transactions from now on"; so does one of an earlier run. \`/status\` answers the id of its moment.
- With \`Last-Event-ID\` (or \`?lastEventId=\` where headers cannot be set) the stream starts after it; without, now.
  If the block of that id has left the main chain, the first event is a \`reorg\` that names the blocks abandoned and
  those adopted; the adopted ones follow as \`block\` events, also for a reader that was cut off in between.
- The first message has the event \`${START_EVENT}\` and only an id: a reader that is cut off before anything happened
  resumes from there. A reader that reconnects with the last id it saw misses no block and sees none twice, and no
  transaction either, as long as no more than 10,000 arrived meanwhile: the node remembers that many.
- A reader that is slow is waited for; one that takes nothing for a minute is cut off. At most 64 streams of one address
  (of one /64 where it is IPv6; this machine's own are not counted) and 1,024 in all are served: more are refused with 429 \`events/too-many\`.
- A comment is sent after ${HEARTBEAT_MS / 1_000} s of silence. A reader that hears nothing for three times as long
  should connect again.

## The network
\`GET ${NODE_API_PATH}${NODE_PEERS_PATH}\`: the node's own peer id and addresses, its peers, bans, and what was refused by
rule (\`Network\` in \`libs/wire/network-view.ts\`); 404 with \`${NOT_FOUND_CODE}\` where the node takes part in no network.

## Mining
1. \`POST /templates\` with the address to be paid. The same template is answered until the tip or the mempool changes.
2. Fill the 12 bytes at \`extranonceOffset\` of \`coinbaseHex\`; the header's merkle root is the double SHA-256 of the
   coinbase. Keep the time at or above \`minTimeSeconds\`. Search the nonce (bytes 76 to 79, little-endian) until the
   double SHA-256 of the header, read as a little-endian number, is at most \`targetHex\` (big-endian).
3. \`POST /solutions\`. \`mining/stale-template\` and \`mining/unknown-template\` mean that another block came first.
4. Follow the event stream and start over when the tip moves.
`;
}

function fieldsOf(route: NodeRoute<LedgerMethod>): string {
  const { shape } = route.request as unknown as z.ZodObject;
  const inPath = pathFields(route.path);
  const fields = Object.entries(shape)
    .filter(([name]) => !inPath.includes(name))
    .map(([name, schema]) => `\`${name}\`${(schema as z.ZodType).safeParse(undefined).success ? '?' : ''}`);
  return fields.length === 0 ? '' : `${route.verb === 'POST' ? 'body' : 'query'}: ${fields.join(', ')}`;
}

function answerOf(route: NodeRoute<LedgerMethod>): string {
  const name = nameOf(route.answer as z.ZodType);
  return route.nullable ? `${name} or 404` : name;
}

function nameOf(schema: z.ZodType): string {
  const id = schema.meta()?.id;
  if (id !== undefined) return id;
  if (schema instanceof z.ZodArray) return `list of ${nameOf(schema.element as z.ZodType)}`;
  if (!(schema instanceof z.ZodObject)) return 'JSON';
  const { items } = schema.shape as Record<string, z.ZodType>;
  if (items instanceof z.ZodArray) return `page of ${nameOf(items.element as z.ZodType)}`;
  return `\`{ ${Object.keys(schema.shape).join(', ')} }\``;
}
