import { useState } from 'react';
import type { Button as WireButton, Task } from '../api/midjourney';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { useActions } from './actions';
import { buttonFace, buttonName, pricedAs } from './button-names';
import { priceOf } from './price';
import { usePrices } from './use-prices';

/** Rows in which buttons stand together. */
const GROUPS = [
  /::upsample::|virtual_upscale/,
  /::variation::/,
  /upsample_/,
  /_variation|Inpaint/,
  /Outpaint|CustomZoom/,
  /pan_/,
  /animate/,
];

function groupOf(button: WireButton): number {
  const found = GROUPS.findIndex((group) => group.test(button.customId));
  return found < 0 ? GROUPS.length : found;
}

/** The buttons of a result; each says what it would cost. */
export function TaskButtons({ task }: { task: Task }) {
  const { t } = useLanguage();
  const { press } = useActions();
  const prices = usePrices();
  const [used, setUsed] = useState<ReadonlySet<string>>(new Set());
  if (!task.buttons.length) return null;
  const groups = Object.entries(Object.groupBy(task.buttons, (one) => String(groupOf(one))));
  return (
    <div className="task-buttons" role="group" aria-label={t('task.actions')}>
      {groups.map(([group, buttons = []]) => (
        <div key={group}>
          {buttons.map((button) => {
            const name = buttonName(button, t);
            const free = button.customId.includes('BOOKMARK');
            const price = free ? '' : priceOf(prices, pricedAs(button.customId), task.promptEn);
            return (
              <Button
                key={button.customId}
                className="small"
                aria-label={name}
                aria-pressed={button.style === 3 || used.has(button.customId)}
                title={price ? `${name} · ${price}` : name}
                onPress={async () => {
                  await press(task, button);
                  if (!free) setUsed((now) => new Set(now).add(button.customId));
                }}
              >
                {buttonFace(button, t)}
              </Button>
            );
          })}
        </div>
      ))}
    </div>
  );
}
