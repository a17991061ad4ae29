import { expect, it } from 'vitest';
import { readBlocks, readInline } from './markdown';

it('reads pictures, links and marks', () => {
  expect(
    readInline('see ![a cat](/pictures/1?s=2) and [this](https://a.example/b) **now** `x`'),
  ).toEqual([
    { kind: 'text', text: 'see ' },
    { kind: 'picture', text: 'a cat', link: '/pictures/1?s=2' },
    { kind: 'text', text: ' and ' },
    { kind: 'link', text: 'this', link: 'https://a.example/b' },
    { kind: 'text', text: ' ' },
    { kind: 'bold', text: 'now' },
    { kind: 'text', text: ' ' },
    { kind: 'code', text: 'x' },
  ]);
});

it('makes no link of what a browser would run', () => {
  for (const link of ['javascript:alert(1)', 'data:text/html,x', '//evil.example/x']) {
    const line = `[press](${link})`;
    expect(readInline(line)).toEqual([{ kind: 'text', text: line }]);
  }
});

it('reads blocks, also those that are not whole yet', () => {
  expect(readBlocks('# Title\n> 20%\n- one\n```js\nlet a;\n\nlet b;')).toEqual([
    { kind: 'heading', pieces: [{ kind: 'text', text: 'Title' }] },
    { kind: 'quote', pieces: [{ kind: 'text', text: '20%' }] },
    { kind: 'item', pieces: [{ kind: 'text', text: 'one' }] },
    { kind: 'code', text: 'let a;\n\nlet b;' },
  ]);
});
