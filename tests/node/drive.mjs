// Drives every endpoint with the official SDK: node drive.mjs <base URL> <key>
// Prints one JSON object of what came back; the test that runs it looks at that.

import OpenAI, { toFile } from 'openai';

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const chat = { model: 'sandbox-chat', messages: [{ role: 'user', content: 'a red fox' }] };
const found = {};

async function texts(stream, pick) {
  const parts = [];
  for await (const one of stream) parts.push(pick(one) ?? '');
  return parts.join('');
}

const whole = await client.chat.completions.create(chat);
found.chat = whole.choices[0].message.content;
found.chatStream = await texts(
  await client.chat.completions.create({ ...chat, stream: true }),
  (chunk) => chunk.choices[0]?.delta.content,
);
const helper = client.chat.completions.stream({ ...chat, stream_options: { include_usage: true } });
found.usage = (await helper.finalChatCompletion()).usage.total_tokens === whole.usage.total_tokens;

const parameters = { type: 'object', properties: { what: { type: 'string' } } };
const tools = [{ type: 'function', function: { name: 'paint', parameters } }];
const called = await client.chat.completions.create({ ...chat, tools });
found.tool = called.choices[0].message.tool_calls[0].function.arguments;

found.relayed = (
  await client.chat.completions.create({ ...chat, model: 'gpt-4o-mini' })
).choices[0].message.content;
found.completion = (
  await client.completions.create({ model: 'sandbox-chat', prompt: 'a red fox' })
).choices[0].text;

const response = { model: 'sandbox-chat', input: 'a red fox' };
found.response = (await client.responses.create(response)).output_text;
const events = [];
for await (const event of await client.responses.create({ ...response, stream: true })) {
  events.push(event.type);
}
found.responseEnd = events.at(-1);
const made = await client.responses.create({ ...response, model: 'gpt-4o-mini' });
found.stored = (await client.responses.retrieve(made.id)).id === made.id;

const vectors = await client.embeddings.create({ model: 'sandbox-embedding', input: ['a', 'b'] });
found.embeddings = vectors.data.map((row) => row.embedding.length);
const flags = await client.moderations.create({ model: 'sandbox-moderation', input: 'murder' });
found.flagged = flags.results[0].flagged;

const speech = await client.audio.speech.create({
  model: 'sandbox-speech',
  voice: 'alloy',
  input: 'The fox is red.',
});
const bytes = Buffer.from(await speech.arrayBuffer());
const file = () => toFile(bytes, 'a.mp3');
const model = 'sandbox-transcribe';
found.heard = (await client.audio.transcriptions.create({ model, file: await file() })).text;
found.heardStream = await texts(
  await client.audio.transcriptions.create({ model, file: await file(), stream: true }),
  (event) => event.delta,
);
found.translated = (await client.audio.translations.create({ model, file: await file() })).text;

const picture = { model: 'gpt-image-1', prompt: 'a red fox', size: '1024x1024' };
const image = (await client.images.generate(picture)).data[0].b64_json;
found.image = Buffer.from(image, 'base64').subarray(1, 4).toString();
const partials = [];
for await (const event of await client.images.generate({ ...picture, stream: true })) {
  partials.push(event.type);
}
found.imageEnd = partials.at(-1);
const png = () => toFile(Buffer.from(image, 'base64'), 'a.png', { type: 'image/png' });
const edited = await client.images.edit({ ...picture, image: await png() });
found.edited = edited.data.length;
const varied = await client.images.createVariation({ image: await png(), n: 2 });
found.varied = varied.data.map((row) => typeof row.url);

found.models = [];
for await (const one of client.models.list()) found.models.push(one.id);
found.owner = (await client.models.retrieve('sandbox-chat')).owned_by;

async function refused(call) {
  try {
    await call();
    return null;
  } catch (error) {
    return [error.constructor.name, error.status, error.code];
  }
}
found.unknown = await refused(() => client.chat.completions.create({ ...chat, model: 'none' }));
found.stranger = await refused(() => client.withOptions({ apiKey: 'sk-x' }).models.list());
const limited = [{ role: 'user', content: 'hi --sandbox error:429' }];
found.limited = await refused(() => client.chat.completions.create({ ...chat, messages: limited }));
const cut = [{ role: 'user', content: 'hi --sandbox cut' }];
found.cut = await refused(async () =>
  texts(await client.chat.completions.create({ ...chat, messages: cut, stream: true }), () => ''),
);

console.log(JSON.stringify(found));
