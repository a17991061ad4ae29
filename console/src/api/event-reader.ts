export interface ServerEvent {
  name: string;
  data: string;
}

/** Reads server-sent events out of pieces of text, wherever the pieces were cut. */
export class EventReader {
  private rest = '';

  /** Takes the next piece and returns the events that are whole now. */
  feed(text: string): ServerEvent[] {
    const blocks = (this.rest + text).replace(/\r\n/g, '\n').split('\n\n');
    this.rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => {
      const fields = block.split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line));
      const values = (name: string) =>
        fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []));
      const data = values('data');
      return data.length ? [{ name: values('event').at(-1) ?? '', data: data.join('\n') }] : [];
    });
  }
}
