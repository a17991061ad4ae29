import { expect, it } from 'vitest';
import { taskRows } from './task-rows';

it('puts the lanes of an action beside each other', () => {
  expect(
    taskRows({
      midjourney: '1',
      'midjourney@imagine': '2',
      'midjourney@imagine-v7-fast': '3',
      'midjourney@imagine-v7-turbo': '4',
      'midjourney@video-720p': '5',
    }),
  ).toEqual([
    { action: 'imagine', model: '', relax: '2', fast: '', turbo: '' },
    { action: 'imagine', model: 'v7', relax: '', fast: '3', turbo: '4' },
    { action: 'video', model: '720p', relax: '5', fast: '', turbo: '' },
    { action: '', model: '', relax: '1', fast: '', turbo: '' },
  ]);
});

it('leaves out versions that cost what the action costs', () => {
  const rows = taskRows({
    'midjourney@imagine': '2',
    'midjourney@imagine-fast': '3',
    'midjourney@imagine-v7': '2',
    'midjourney@imagine-v7-fast': '3',
    'midjourney@imagine-v8': '2',
    'midjourney@imagine-v8-fast': '4',
  });
  expect(rows.map((row) => row.model)).toEqual(['', 'v8']);
});
