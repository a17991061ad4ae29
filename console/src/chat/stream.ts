import { ApiError, call, intent, open } from '../api/client';
import { eventsOf } from '../api/events';

/** One turn of a chat, as the page shows it. */
export interface Turn {
  role: 'user' | 'assistant';
  text: string;
  pictures: string[];
}

export interface Answer {
  /** Names the relayed call in the books; empty for a painter, whose answer names a task. */
  callId: string;
  tokens: number;
}

interface Chunk {
  choices?: { delta?: { content?: string | null } }[];
  usage?: { total_tokens?: number } | null;
  error?: { message?: string; code?: string };
}

interface ModelRow {
  id: string;
  owned_by: string;
}

/** Names of models that do something else than chat. */
const OTHERS = /embedding|tts|whisper|transcribe|moderation|dall-e|gpt-image|instruct/;

/** Returns the names of models that may chat, those that paint first. */
export async function chatModels(): Promise<string[]> {
  const { data } = await call<{ data: ModelRow[] }>('GET', '/v1/models');
  return data.map((one) => one.id).filter((id) => !OTHERS.test(id));
}

function written(turn: Turn): object {
  if (!turn.pictures.length) return { role: turn.role, content: turn.text };
  const pictures = turn.pictures.map((url) => ({ type: 'image_url', image_url: { url } }));
  return { role: turn.role, content: [{ type: 'text', text: turn.text }, ...pictures] };
}

/** Sends a chat and tells each piece of the answer as it comes; raises ApiError. */
export async function say(
  model: string,
  turns: readonly Turn[],
  onText: (piece: string) => void,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await open('POST', '/v1/chat/completions', {
    body: {
      model,
      messages: turns.map(written),
      stream: true,
      stream_options: { include_usage: true },
    },
    headers: { 'idempotency-key': intent() },
    signal,
  });
  const answer: Answer = { callId: response.headers.get('x-gesso-call') ?? '', tokens: 0 };
  for await (const { data } of eventsOf(response)) {
    if (data === '[DONE]') break;
    const chunk = JSON.parse(data) as Chunk;
    // The status was sent long before: a stream that breaks says so in its last event.
    if (chunk.error) {
      throw new ApiError(200, chunk.error.code ?? 'stream_error', chunk.error.message ?? '');
    }
    const piece = chunk.choices?.[0]?.delta?.content;
    if (piece) onText(piece);
    if (chunk.usage?.total_tokens) answer.tokens = chunk.usage.total_tokens;
  }
  return answer;
}
