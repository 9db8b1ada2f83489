// Draws Block Kit about as Slack does. What the server sends is text, never markup.

function make(tag, className = '', ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

function symbol(name, className) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const use = document.createElementNS(space, 'use');
  use.setAttribute('href', `#${name}`);
  svg.setAttribute('class', className);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

// --- texts

const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };
const words = ({ text }) => text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);

function textElement({ text, style = {} }) {
  const tag = { code: 'code', bold: 'strong', italic: 'em', strike: 's' };
  let node = document.createTextNode(text);
  for (const [name, wrapper] of Object.entries(tag)) {
    if (style[name]) node = make(wrapper, '', node);
  }
  return node;
}

const INLINE = {
  text: textElement,
  link: ({ text, url }) => make('span', 'link', text ?? url),
  user: ({ user_id: id }) => make('span', 'mention', `@${id}`),
  channel: ({ channel_id: id }) => make('span', 'mention', `#${id}`),
  emoji: ({ name }) => `:${name}:`,
};
const inline = (elements) => elements.map((one) => INLINE[one.type]?.(one) ?? unknown(one));

const RICH = {
  rich_text_section: ({ elements }) => make('p', '', ...inline(elements)),
  rich_text_preformatted: ({ elements }) => make('pre', '', ...inline(elements)),
  rich_text_quote: ({ elements }) => make('blockquote', '', ...inline(elements)),
  rich_text_list: ({ style, elements }) => make(
    style === 'ordered' ? 'ol' : 'ul', '',
    ...elements.map((item) => make('li', '', ...inline(item.elements))),
  ),
};

// --- what is pressed

function tell(text) {
  document.querySelector('#told').textContent = text;
}

function button({ text, style, accessibility_label: label, action_id: id }) {
  const node = make('button', `button ${style ?? ''}`, words(text));
  node.type = 'button';
  if (label) node.ariaLabel = label;
  node.addEventListener('click', () => tell(`In Slack this press would come back as ${id}.`));
  return node;
}

function menu({ placeholder, options, initial_option: chosen }) {
  const node = make('select', 'menu', new Option(words(placeholder), '', true));
  node.ariaLabel = words(placeholder);
  node.append(...options.map(({ text, value }) => new Option(words(text), value)));
  node.value = chosen?.value ?? '';
  node.addEventListener('change', () => tell(`In Slack this choice would come back as ${node.value}.`));
  return node;
}

function picture({ image_url: url, alt_text: text }) {
  const node = make('img');
  node.src = url;
  node.alt = text;
  return node;
}

const ELEMENTS = { button, static_select: menu, image: picture };
const element = (one) => ELEMENTS[one.type]?.(one) ?? unknown(one);

// --- blocks

let inputs = 0;

function input({ label, hint, optional, element: field }) {
  inputs += 1;
  const box = make(field.multiline ? 'textarea' : 'input');
  const name = make('label', 'label', words(label));
  const left = make('span', 'left');
  box.id = `input-${inputs}`;
  name.htmlFor = box.id;
  box.maxLength = field.max_length;
  box.value = field.initial_value ?? '';
  if (field.multiline) box.rows = 4;
  const count = () => { left.textContent = field.max_length - box.value.length; };
  box.addEventListener('input', count);
  count();
  if (optional) name.append(make('span', 'optional', ' (optional)'));
  const node = make('div', 'input', name, make('div', 'box', box, left));
  if (hint) {
    const small = make('p', 'hint', words(hint));
    small.id = `hint-${inputs}`;
    box.setAttribute('aria-describedby', small.id);
    node.append(small);
  }
  return node;
}

function section({ text, fields = [], accessory }) {
  const said = make('div', 'said', ...(text ? [make('p', '', words(text))] : []));
  if (fields.length) said.append(make('div', 'fields', ...fields.map((one) => make('p', '', words(one)))));
  return make('div', 'section', said, ...(accessory ? [element(accessory)] : []));
}

function small(one) {
  return one.type === 'image' ? picture(one) : make('span', '', words(one));
}

const BLOCKS = {
  rich_text: ({ elements }) => make('div', 'rich', ...elements.map((one) => RICH[one.type]?.(one) ?? unknown(one))),
  actions: ({ elements }) => make('div', 'actions', ...elements.map(element)),
  context: ({ elements }) => make('div', 'context', ...elements.map(small)),
  header: ({ text }) => make('p', 'headline', words(text)),
  divider: () => make('hr'),
  image: (block) => make('div', 'image', picture(block)),
  section,
  input,
};

// What this page cannot draw is seen, not left out.
const unknown = (one) => make('code', 'unknown', JSON.stringify(one));
const drawn = (blocks) => blocks.map((block) => BLOCKS[block.type]?.(block) ?? unknown(block));

// --- surfaces

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

function avatar() {
  return make('span', 'avatar', symbol('mark', 'mark'));
}

function message({ blocks, response_type: kind }, image) {
  const byline = make('p', 'byline', make('strong', '', 'Voxpop'), make('span', 'app', 'APP'), make('time', '', clock.format(new Date())));
  const body = make('div', 'body', byline, ...drawn(blocks));
  if (image) body.append(make('div', 'file', make('p', 'file-name', image.name), picture({ image_url: image.url, alt_text: image.text })));
  const node = make('div', 'message', avatar(), body);
  if (kind !== 'ephemeral') return node;
  return make('div', 'private', make('p', 'only-you', symbol('eye', 'eye'), 'Only visible to you'), node);
}

function modal({ title, submit, close, blocks }) {
  const shut = make('button', 'shut', symbol('close', 'cross'));
  shut.type = 'button';
  shut.ariaLabel = 'Close';
  shut.addEventListener('click', () => tell('In Slack this would close the form.'));
  const cancel = button({ text: close ?? { text: 'Cancel' }, action_id: 'nothing: the form closes' });
  const foot = submit ? [cancel, button({ text: submit, style: 'primary', action_id: 'a form' })] : [cancel];
  return make(
    'div', 'modal',
    make('div', 'modal-head', avatar(), make('p', 'modal-title', words(title)), shut),
    make('div', 'modal-body', ...drawn(blocks)),
    make('div', 'modal-foot', ...foot),
  );
}

const home = ({ blocks }) => make('div', 'home', ...drawn(blocks));
const SURFACES = { modal, home };

function show({ name, title, payload, image }) {
  const heading = make('h2', '', title);
  const blocks = JSON.stringify({ blocks: payload.blocks }, null, 2);
  const source = make('details', 'source', make('summary', '', 'Blocks'), make('pre', '', blocks));
  source.lastChild.tabIndex = 0;
  const surface = make('div', 'surface', (SURFACES[payload.type] ?? message)(payload, image));
  const node = make('section', 'example', heading, surface);
  if (payload.text) node.append(make('p', 'notification', make('span', '', 'Notification: '), words(payload).replaceAll('\n', ' ')));
  node.append(source);
  node.id = name;
  heading.id = `${name}-heading`;
  node.setAttribute('aria-labelledby', heading.id);
  return node;
}

function entry({ name, title }) {
  const link = make('a', '', title);
  link.href = `#${name}`;
  return make('li', '', link);
}

try {
  const response = await fetch('/sandbox/api/slack-preview');
  if (!response.ok) throw new Error(`Voxpop answered ${response.status}.`);
  const examples = await response.json();
  document.querySelector('#examples').append(...examples.map(show));
  document.querySelector('#contents').append(...examples.map(entry));
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
} catch (error) {
  tell(`The examples could not be drawn: ${error.message}`);
}
document.querySelector('#examples').ariaBusy = 'false';
