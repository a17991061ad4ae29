import { expect, it } from 'vitest';
import { EventReader } from './event-reader';

const WHOLE = 'retry: 2000\n\nid: 3\nevent: task\ndata: {"a":\ndata: 1}\n\n: beat\n\ndata: 2\n\n';
const FOUND = [
  { name: 'task', data: '{"a":\n1}' },
  { name: '', data: '2' },
];

it('finds events wherever the stream is cut', () => {
  for (let size = 1; size <= WHOLE.length; size += 1) {
    const reader = new EventReader();
    const found = [];
    for (let at = 0; at < WHOLE.length; at += size) {
      found.push(...reader.feed(WHOLE.slice(at, at + size)));
    }
    expect(found).toEqual(FOUND);
  }
});

it('keeps what is not whole to itself', () => {
  expect(new EventReader().feed('data: half\n')).toEqual([]);
});
