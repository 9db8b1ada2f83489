'use strict';
(() => {
  const one = (selector) => document.querySelector(selector);
  const within = (event, selector) => event.target.closest && event.target.closest(selector);
  const trap = one('.marks .trap input');
  const marks = one('form.marks');

  // The mark that was pressed in the mail may stand behind the #, where no server and gateway sees it.
  const choose = () => {
    if (!marks || marks.querySelector('.known')) return;
    for (const mark of marks.querySelectorAll('.mark[id]')) {
      if (`#${mark.id}` === location.hash) mark.setAttribute('aria-current', 'true');
      else mark.removeAttribute('aria-current');
    }
  };
  choose();
  addEventListener('hashchange', choose);

  // A click that no hand made; whoever presses once more is believed.
  if (trap && marks.dataset.first) {
    addEventListener('click', (event) => {
      if (!event.isTrusted && within(event, '.marks')) trap.value = 'script';
    }, true);
  }

  const gestures = (seen) => {
    for (const kind of ['pointerdown', 'keydown', 'touchstart']) {
      addEventListener(kind, (event) => event.isTrusted && seen(event), { capture: true, passive: true });
    }
  };

  // One press in the mail is enough where the survey says so and a window shows this page.
  const pressed = marks && marks.dataset.itself && marks.querySelector('[aria-current]');
  const came = performance.getEntriesByType('navigation')[0];
  if (pressed && !navigator.webdriver && came && came.type === 'navigate') {
    const itself = marks.elements.auto;
    let timer;
    let left = false;
    const wait = () => {
      clearTimeout(timer);
      if (left || document.visibilityState !== 'visible') return;
      timer = setTimeout(() => {
        left = true;
        itself.disabled = false;
        marks.requestSubmit(pressed);
      }, 1000);
    };
    gestures((event) => {
      if (within(event, 'button')) {
        left = true;
        clearTimeout(timer);
      }
    });
    document.addEventListener('visibilitychange', wait);
    wait();
  }

  // What the page sent by itself counts as soon as somebody touches the page.
  const provisional = one('[data-provisional]');
  if (provisional) {
    let sending = null;
    const waiting = one('.note');
    gestures((event) => {
      if (sending || within(event, '[data-undo]')) return;
      const body = new URLSearchParams({ do: 'confirm', score: provisional.dataset.provisional });
      sending = fetch(location.pathname, { method: 'POST', body })
        .then((answer) => {
          if (!answer.ok) throw new Error();
          if (waiting) waiting.hidden = true;
        })
        .catch(() => { sending = null; });
    });
    const undo = one('[data-undo]');
    undo.addEventListener('submit', (event) => {
      if (!sending) return;
      event.preventDefault();
      sending.finally(() => undo.submit());
    });
  }

  const field = one('textarea');
  const count = one('.count');
  if (field && count) {
    const limit = Number(count.dataset.limit);
    const tell = () => {
      const length = [...field.value.trim()].length;
      const over = length > limit;
      count.textContent = count.dataset.count.replace('{length}', length.toLocaleString(document.documentElement.lang));
      count.classList.toggle('over', over);
      if (over) field.setAttribute('aria-invalid', 'true');
      else field.removeAttribute('aria-invalid');
    };
    field.addEventListener('input', tell);
    if (field.value) tell();
  }
})();
