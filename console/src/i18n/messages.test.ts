import { describe, expect, it } from 'vitest';
import { inChinese } from './messages';
import { say, sayCode, sayServer, type Translate, type Word } from './words';
import chinese from './zh/messages.json';

const holes = (text: string) => (text.match(/\{\}/g) ?? []).length;

describe('a text of the gateway', () => {
  it('is found word for word', () => {
    expect(inChinese('every channel is busy')).toBe('所有渠道均繁忙');
    expect(inChinese('No channel offers this model or action.')).toBe('没有渠道提供该模型或操作。');
  });

  it('keeps its values, in whatever order they are said', () => {
    expect(inChinese('port 9 is not called')).toBe('不访问端口 9');
    expect(inChinese('2 of 4 pictures were delivered')).toBe('4 张图片中交付了 2 张');
    expect(inChinese("a picture named 'x' is odd")).toBe("a picture named 'x' is odd");
  });

  it('says a sentence that is the value of another one', () => {
    expect(inChinese('the channel rests: HTTP 503')).toBe('渠道已熔断：HTTP 503');
    expect(inChinese('the channel rests: cannot connect: ConnectTimeoutError')).toBe(
      '渠道已熔断：无法连接：连接超时',
    );
    expect(inChinese('the channel rests: quota of the month is used up')).toBe(
      '渠道已熔断：quota of the month is used up',
    );
  });

  it('goes only so deep', () => {
    const deep = 'the channel rests: '.repeat(10) + 'every channel is busy';
    expect(inChinese(deep)).toMatch(/^(渠道已熔断：){4}the channel rests: .*busy$/);
  });

  it('takes marks for what they are', () => {
    expect(inChinese('the upstream refuses our key (HTTP 401)')).toBe(
      '上游拒绝我方密钥（HTTP 401）',
    );
    expect(inChinese('the upstream refuses our key XHTTP 401Y')).toBe(
      'the upstream refuses our key XHTTP 401Y',
    );
    expect(inChinese('unknown flag --$&; did you mean --$1?')).toBe(
      '未知参数 --$&；是否想写 --$1？',
    );
    expect(inChinese("the channel's workflow has {{foo}}; here there are a, b")).toBe(
      '渠道的工作流含有 {{foo}}；此处可用：a, b',
    );
  });

  it('is the sentence that says the most', () => {
    expect(inChinese('--q must be one of 1, 2, not 3')).toBe('--q 必须是以下之一：1, 2；收到 3');
    expect(inChinese('--s must be between 0 and 1000, not 2000')).toBe(
      '--s 必须在 0 到 1000 之间，收到 2000',
    );
    expect(inChinese('there is no picture to go on from')).toBe('没有可继续的图片');
    expect(inChinese('there is no /admin/api/v1/nothing')).toBe('没有 /admin/api/v1/nothing');
    expect(inChinese('Expected `int`, got `str` - at `$.n`')).toBe('$.n 应为 `int`，收到 `str`');
  });

  it('names what the gateway names by words of its own', () => {
    expect(inChinese('no channel can swap_face')).toBe('没有渠道支持换脸');
    expect(
      inChinese('this key may spend $1.00 a day; with $2.00 more it would spend more than that'),
    ).toBe('此密钥每天的消费上限为 $1.00，再加 $2.00 将会超出');
    // A customer's word in the same place stays.
    expect(inChinese('no such account: day')).toBe('没有此账户：day');
  });

  it('is said behind a published Chinese text', () => {
    expect(inChinese('无可用的账号实例: every channel is disabled')).toBe(
      '无可用的账号实例：所有渠道均已停用',
    );
    expect(inChinese('参数错误: who knows')).toBe('参数错误: who knows');
  });

  it('stays when somebody else wrote it', () => {
    for (const text of ['', '余额不足', 'CUDA out of memory', 'HTTP', 'port  is not called?']) {
      expect(inChinese(text)).toBe(text);
    }
  });

  it('is found fast, however long the list of the texts', () => {
    const start = performance.now();
    for (let n = 0; n < 2000; n += 1) inChinese(`something that nobody of us says, number ${n}`);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('the catalogue', () => {
  const rows = Object.entries(chinese.sentences);

  it('puts every value of a sentence where one is said', () => {
    const odd = rows.filter(([english, said]) => {
      const numbers = [...said.matchAll(/\{(\d+)(?::word)?\}/g)].map((one) => Number(one[1]));
      const some = numbers.length > 0;
      const inOrder = holes(said);
      if (some === inOrder > 0) return some || holes(english) > 0;
      return some ? numbers.some((one) => one >= holes(english)) : inOrder !== holes(english);
    });
    expect(odd).toEqual([]);
  });

  it('uses the marks of Chinese', () => {
    const western = rows.filter(([, said]) => /[\u4e00-\u9fff][,;:!?](?!\/)|[.]$/.test(said));
    // A shape of a value is written as it is typed.
    expect(western.map(([english]) => english)).toEqual([
      'width:height, such as 16:9',
      '{} must be width:height above zero, not {}',
      '{} must be width:height in whole numbers, such as 16:9, not {}',
    ]);
  });
});

describe('what a code means', () => {
  const reader: Translate = Object.assign((word: Word) => say('zh', word), { server: inChinese });

  it('is left out where the sentence says it', () => {
    expect(
      sayCode('fail', 'deadline_missed', 'not started by the deadline of the order', reader),
    ).toBe('未在订单的截止时间前开始。');
    expect(sayCode('code', 'invalid_order', 'prompt is required', reader)).toBe('请填写提示词');
  });

  it('stands before a sentence that says something else', () => {
    expect(sayCode('fail', 'unavailable', 'the channel rests: HTTP 503', reader)).toBe(
      '无法连接后端（渠道已熔断：HTTP 503）。',
    );
    expect(sayCode('fail', 'unavailable', 'the upstream refuses our key (HTTP 401)', reader)).toBe(
      '无法连接后端：上游拒绝我方密钥（HTTP 401）。',
    );
    expect(sayCode('fail', 'refused', 'CUDA out of memory', reader)).toBe(
      '后端拒绝了此任务（CUDA out of memory）。',
    );
  });

  it('is not needed for a text without one', () => {
    expect(sayServer('no answer within 5 s', reader)).toBe('5 秒内没有应答');
    expect(sayServer('no answer within 5 s', (word: Word) => say('en', word))).toBe(
      'no answer within 5 s',
    );
  });
});
