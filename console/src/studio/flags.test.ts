import { describe, expect, it } from 'vitest';
import { readFlag, writeFlag } from './flags';

describe('flags', () => {
  it('reads what was typed, in every spelling', () => {
    expect(readFlag('a fox --aspect 3:2', 'ar')).toBe('3:2');
    expect(readFlag('a fox —ar 16:9', 'ar')).toBe('16:9');
    expect(readFlag('a fox --ar 1:1 --ar 2:3', 'ar')).toBe('2:3');
    expect(readFlag('a fox --niji', 'niji')).toBe('on');
    expect(readFlag('a fox --niji 6', 'niji')).toBe('6');
    expect(readFlag('a fox --TURBO', 'speed')).toBe('turbo');
    expect(readFlag('a fox --tiles', 'tile')).toBeNull();
    expect(readFlag('a fox --style raw', 's')).toBeNull();
  });

  it('changes a flag where it stands and leaves the rest alone', () => {
    expect(writeFlag('a fox --ar 3:2 --no trees', 'ar', '1:1')).toBe('a fox --ar 1:1 --no trees');
    expect(writeFlag('a fox', 's', '250')).toBe('a fox --s 250');
    expect(writeFlag('a fox --chaos 5 --seed 3', 'c', null)).toBe('a fox --seed 3');
    expect(writeFlag('', 'tile', 'on')).toBe('--tile');
    expect(writeFlag('a fox ', 'seed', null)).toBe('a fox ');
  });

  it('lets version and niji exclude each other', () => {
    expect(writeFlag('a fox --v 7', 'niji', '6')).toBe('a fox --niji 6');
    expect(writeFlag('a fox --niji', 'v', '6.1')).toBe('a fox --v 6.1');
  });

  it('keeps one of several', () => {
    expect(writeFlag('a --fast b --relax', 'speed', 'turbo')).toBe('a b --turbo');
  });
});
