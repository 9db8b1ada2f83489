// The sandbox chat. What the server sends is text, never markup.

const POLL = 1000;
const POLL_HIDDEN = 20_000; // enough to keep the title's count true
const PEOPLE_EVERY = 5; // polls
const PATIENCE = 20_000;
const WELCOMED = 'voxpop-sandbox-welcomed';

const $ = (selector, place = document) => place.querySelector(selector);
const $$ = (selector, place = document) => [...place.querySelectorAll(selector)];
const on = (node, type, act) => node.addEventListener(type, act);

const scroller = $('#scroller');
const notices = $('#notices');
const sayBox = $('#say');
const hints = $('#hints');
const formDialog = $('#form-dialog');
const dialogForm = $('#dialog-form');

let people = [];
let commands = [];
let current = null; // the chat on the screen
const chats = new Map(); // e-mail → chat

// --- the server

async function request(path, body) {
  const options = { signal: AbortSignal.timeout(PATIENCE), cache: 'no-store' };
  if (body) {
    const headers = { 'Content-Type': 'application/json' };
    Object.assign(options, { method: 'POST', headers, body: JSON.stringify(body) });
  }
  const [ok, text] = await fetch(`/sandbox/api/${path}`, options)
    .then(async (response) => [response.ok, await response.text()])
    .catch(() => { throw new Error('Voxpop cannot be reached just now.'); });
  if (ok) return text;
  throw new Error(problemDetail(text) ?? 'Voxpop could not do that just now.');
}

function problemDetail(text) {
  try {
    const { detail, title } = JSON.parse(text);
    return typeof detail === 'string' ? detail : title;
  } catch {
    return null;
  }
}

const post = async (path, body) => JSON.parse(await request(path, body));

// --- small tools

function make(tag, className = '', text = '') {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

function makeButton(className, text, act) {
  const button = make('button', className, text);
  button.type = 'button';
  on(button, 'click', act);
  return button;
}

const fromTemplate = (name) => $(`#${name}-template`).content.firstElementChild.cloneNode(true);

const states = new WeakMap(); // node → the JSON it shows

// Brings the children of `parent` to `items` and leaves alone what did not
// change: focus, selection and half-typed text live in the nodes that stay.
function reconcile(parent, items, create, update) {
  const keys = new Set(items.map(({ id }) => id));
  const present = new Map();
  for (const node of [...parent.children]) {
    if (keys.has(node.dataset.key)) present.set(node.dataset.key, node);
    else node.remove();
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const node = present.get(item.id) ?? create(item);
    const state = JSON.stringify(item);
    node.dataset.key = item.id;
    if (states.get(node) !== state) update(node, item);
    states.set(node, state);
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
}

// `backticks` mark code; nothing else is markup.
function withCode(node, text) {
  const parts = text.split(/`([^`\n]+)`/);
  node.replaceChildren(...parts.map((part, index) => (index % 2 ? make('code', '', part) : part)));
  node.hidden = !text;
  return node;
}

function paragraph(text, tag = 'p', className = '') {
  const node = make(tag, className);
  node.dir = 'auto';
  return withCode(node, text);
}

function showAvatar(node, person) {
  node.classList.toggle('bot', !person);
  if (!person) {
    node.replaceChildren($('.top .avatar svg').cloneNode(true));
    return;
  }
  const [first, ...others] = person.name.match(/(?<=^|[\s@.])\p{L}/gu) ?? ['?'];
  node.textContent = (first + (others.at(-1) ?? '')).toLocaleUpperCase();
  node.dataset.hue = [...person.email].reduce((sum, sign) => (sum * 31 + sign.codePointAt(0)) % 997, 0) % 8;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const calendar = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });

function dayName(when) {
  const midnight = (date) => new Date(date).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(Date.now()) - midnight(when)) / 864e5);
  return ['Today', 'Yesterday'][days] ?? calendar.format(when);
}

// Who and when, over a message or a reply in a thread.
function showByline(node, { author, at, channel }, email) {
  const person = author === 'person' ? personAt(email) : null;
  showAvatar($('.avatar', node), person);
  $('.author', node).textContent = (person?.name ?? 'Voxpop') + (channel ? ` in ${channel}` : '');
  if (!at) return;
  const time = $('time', node);
  time.dateTime = at;
  time.textContent = clock.format(new Date(at));
  time.title = `${calendar.format(new Date(at))}, ${time.textContent}`;
}

// For screen readers; the lines stay long enough to be read out in turn.
function announce(text) {
  const line = make('p', '', text);
  $('#announcer').append(line);
  setTimeout(() => line.remove(), 5000);
}

function notice(place, text, retry) {
  const box = make('div', 'notice');
  box.append(paragraph(text));
  if (retry) box.append(makeButton('button', 'Try again', retry));
  place.replaceChildren(box);
  announce(text);
}

// One stop for the Tab key in a row of many; the arrow keys walk it.
function oneTabStop(nodes, stop) {
  for (const node of nodes) node.tabIndex = node === (stop ?? nodes[0]) ? 0 : -1;
}

function walk(event, nodes, back, forth) {
  const here = nodes.indexOf(document.activeElement);
  const to = { [back]: here - 1, [forth]: here + 1, Home: 0, End: nodes.length - 1 }[event.key];
  if (!nodes[to]) return;
  event.preventDefault();
  nodes[to].focus();
}

// --- people

const address = (email) => `${location.pathname}#${encodeURIComponent(email).replaceAll('%40', '@')}`;
const personAt = (email) => people.find((person) => person.email === email);
const closeDrawer = () => $('#people').hidePopover?.();
const peopleLinks = () => $$('.people li:not([hidden]) a');

let peopleText = '';

async function loadPeople() {
  const text = await request('people');
  if (text === peopleText) return;
  people = JSON.parse(text).map((person) => ({ ...person, id: person.email, name: person.name || person.email }));
  peopleText = text;
  for (const [list, admin] of [['#admins', true], ['#employees', false]]) {
    const rows = people.filter((person) => Boolean(person.admin) === admin);
    reconcile($(list), rows, () => fromTemplate('person'), showPerson);
  }
  filterPeople();
  showWelcomeAdmin();
  showTitle();
  if (!current) choose();
}

function showPerson(node, { name, email, admin, attributes, waiting }) {
  const team = attributes?.team ?? '';
  $('a', node).href = address(email);
  showAvatar($('.avatar', node), { name, email });
  $('.name', node).textContent = name;
  $('.team', node).textContent = team;
  $('.badge', node).hidden = !admin;
  $('.waiting', node).hidden = !waiting;
  $('.waiting span', node).textContent = `, ${waiting} waiting`;
  node.dataset.search = [name, email, team].join(' ').toLocaleLowerCase();
}

function filterPeople() {
  const wanted = $('#filter').value.trim().toLocaleLowerCase();
  for (const list of $$('.people ul')) {
    for (const row of list.children) row.hidden = !row.dataset.search.includes(wanted);
    list.previousElementSibling.hidden = !$('li:not([hidden])', list);
  }
  $('#nobody').hidden = !people.length || peopleLinks().length > 0;
  markChosen();
}

function markChosen() {
  const links = peopleLinks();
  const chosen = links.find((link) => link.getAttribute('href') === address(current?.email ?? ''));
  for (const link of links) link.ariaCurrent = link === chosen ? 'true' : null;
  oneTabStop(links, chosen);
}

// The hash names the person, so that a reload or a bookmark keeps them.
function choose() {
  let email = '';
  try {
    email = decodeURIComponent(location.hash.slice(1));
  } catch { /* then as if it were empty */ }
  if (!email && people.length) {
    const staff = people.filter((person) => !person.admin);
    email = (staff.find((person) => person.waiting) ?? staff[0] ?? people[0]).email;
    history.replaceState(null, '', address(email));
  }
  if (current) current.draft = sayBox.value;
  const person = personAt(email);
  current = person ? chatOf(email) : null;
  $('#inbox').replaceChildren(...(current ? [current.list] : []));
  sayBox.value = current?.draft ?? '';
  sayBox.disabled = !current;
  closeHints();
  notices.replaceChildren();
  for (const node of $$('.person-name')) node.textContent = person?.name ?? 'nobody yet';
  if (person) showAvatar($('.person-avatar'), person);
  closeDrawer();
  markChosen();
  showTitle();
  showEmpty(email);
  if (!current) return;
  current.follow = 'newest';
  seen();
  followScroll();
  pollNow();
}

function showTitle() {
  const person = personAt(current?.email);
  const count = Math.max(current?.unseen.size ?? 0, person?.waiting ?? 0);
  document.title = `${count ? `(${count}) ` : ''}${person ? `${person.name} · ` : ''}Voxpop sandbox`;
}

function showEmpty(email) {
  const nobody = email ? `Nobody here has the address ${email}. Pick a person.` : 'There are no people yet.';
  $('#empty').hidden = Boolean(current && (!current.messages || current.list.firstChild));
  $('#empty-text').textContent = current ? 'Nothing here yet. Voxpop writes when a round starts.' : nobody;
}

// --- the conversation

// Each person keeps their own list of nodes, so that drafts in threads and
// private answers survive a change of person.
function chatOf(email) {
  if (!chats.has(email)) {
    chats.set(email, {
      email,
      list: make('ol'),
      messages: null,
      text: '', // the inbox as last polled
      turn: 0, // counts replies; a poll that began before one is out of date
      privates: [], // private answers that the inbox does not hold
      unseen: new Set(),
      draft: '',
      follow: 'newest',
    });
  }
  return chats.get(email);
}

// What Voxpop says in a message and its thread.
const saidIn = (message) => [message, ...message.thread ?? []]
  .filter(({ author }) => author !== 'person').map(({ text }) => text);

function showInbox(chat, messages) {
  const known = new Map((chat.messages ?? messages).map((message) => [message.id, saidIn(message)]));
  const news = messages.flatMap((message) => (
    saidIn(message).filter((text) => !known.get(message.id)?.includes(text))));
  const arrived = messages.filter(({ id, author }) => author !== 'person' && !known.has(id));
  chat.messages = messages;
  if (document.hidden || chat !== current || !chat.follow) {
    for (const message of arrived) chat.unseen.add(message.id);
  } else if (arrived.length) {
    chat.follow = 'newest';
  }
  render(chat);
  for (const text of news) announce(`Voxpop: ${text}`);
  if (chat === current) showUnseen();
}

function render(chat) {
  const rows = [];
  let day = '';
  for (const message of chat.messages ?? []) {
    const name = message.at ? dayName(new Date(message.at)) : day;
    if (name !== day) rows.push({ id: `${name} ${message.id}`, day: name });
    day = name;
    rows.push(message, ...chat.privates.filter((answer) => answer.after === message.id));
  }
  rows.push(...chat.privates.filter((answer) => !rows.includes(answer)));
  // Only what arrives later moves in.
  chat.list.classList.toggle('settled', chat.list.childElementCount > 0);
  reconcile(
    chat.list,
    rows,
    (row) => (row.day ? make('li', 'day', row.day) : newMessage(chat, row)),
    (node, row) => row.day || showMessage(chat, node, row),
  );
  if (chat !== current) return;
  showEmpty();
  followScroll();
}

function applyReply(chat, { messages, private_text: text }, asked) {
  chat.turn += 1;
  chat.text = '';
  if (messages) showInbox(chat, messages);
  polls = 0; // who is waiting may have changed
  if (!text || messages?.some((message) => message.private && message.text === text)) return;
  chat.privates = chat.privates.filter((answer) => answer.text !== text);
  chat.privates.push({
    id: `private ${chat.turn}`,
    after: chat.messages?.at(-1)?.id,
    private: true,
    local: true,
    at: new Date().toISOString(),
    text,
    asked,
  });
  chat.follow = 'newest';
  render(chat);
  announce(`Only visible to you: ${text}`);
}

// --- scrolling

let scrolledTo = 0;

// "newest": show the newest message, its top where it is taller than the
// screen. "bottom": the reader is at the end. null: they are reading above.
function followScroll() {
  if (!current?.follow) return;
  const last = current.list.lastElementChild;
  const tall = current.follow === 'newest' && last?.offsetHeight > scroller.clientHeight - 24;
  scroller.scrollTop = tall ? last.offsetTop - 12 : scroller.scrollHeight;
  scrolledTo = scroller.scrollTop;
}

function onScroll() {
  if (!current || Math.abs(scroller.scrollTop - scrolledTo) < 2) return;
  scrolledTo = scroller.scrollTop;
  const left = scroller.scrollHeight - scroller.clientHeight - scrolledTo;
  current.follow = left < 48 ? 'bottom' : null;
  seen();
}

function seen() {
  if (!document.hidden && current?.follow) current.unseen.clear();
  showUnseen();
}

function showUnseen() {
  const count = current?.unseen.size;
  $('#newer').hidden = !count || Boolean(current.follow);
  $('#newer').textContent = count === 1 ? '1 new message' : `${count} new messages`;
  showTitle();
}

// --- a message

function newMessage(chat, { id }) {
  const node = fromTemplate('message');
  const scores = $('.scores', node);
  const form = $('.reply', node);
  on(scores, 'keydown', (event) => walk(event, [...scores.children], 'ArrowLeft', 'ArrowRight'));
  on(scores, 'focusin', (event) => oneTabStop(scores.children, event.target));
  on($('.dismiss', node), 'click', () => {
    chat.privates = chat.privates.filter((answer) => answer.id !== id);
    render(chat);
    sayBox.focus();
  });
  on($('.reply-open', node), 'click', () => {
    chat.follow = null; // the box must not scroll away from under the hand
    openReply(node, true);
  });
  on(form, 'keydown', (event) => {
    if (event.key === 'Escape' && !form.elements[0].value) openReply(node, false);
  });
  whenSent(form, (text) => say(chat, text, form, $('.thread .notices', node), id));
  return node;
}

function openReply(node, open) {
  $('.reply', node).hidden = !open;
  $('.reply-open', node).hidden = open;
  $(open ? '.reply textarea' : '.reply-open', node).focus();
}

function showMessage(chat, node, message) {
  const find = (selector) => $(selector, node);
  const article = find('article');
  const hadFocus = node.contains(document.activeElement);
  node.dataset.author = message.author ?? 'voxpop';
  node.classList.toggle('private', Boolean(message.private));
  showByline(node, message, chat.email);
  article.ariaLabel = `${find('.author').textContent} ${find('time').textContent}`;
  find('.edited').hidden = !message.edited;
  find('.only-you').hidden = !message.private;
  find('.dismiss').hidden = !message.local;
  showWords(find('.words'), message);
  showPictures(find('.pictures'), message);
  showFiles(find('.files'), message);
  showButtons(chat, node, message);
  withCode(find('.note'), message.note ?? '');
  showThread(chat, node, message);
  find('.notices').replaceChildren();
  // The button that was pressed may be gone: the reader stays at the message.
  if (hadFocus && !node.contains(document.activeElement)) article.focus({ preventScroll: true });
}

function showWords(place, { greeting, headline, lines, text, asked }) {
  const words = headline || lines?.length ? lines ?? [] : [text ?? ''];
  place.replaceChildren(
    ...(asked ? [paragraph(`You typed \`${asked.replaceAll('`', '')}\``, 'p', 'asked')] : []),
    ...(greeting ? [paragraph(greeting)] : []),
    ...(headline ? [paragraph(headline, 'h2')] : []),
    ...words.map((line) => paragraph(line)),
  );
}

function showPictures(place, { images, image_text: label }) {
  const pictures = (images ?? []).map((url) => ({ id: url, label: label || 'Chart' }));
  reconcile(place, pictures, newPicture, (button, picture) => {
    button.firstElementChild.src = picture.id;
    button.firstElementChild.alt = picture.label;
  });
}

function newPicture() {
  const image = make('img');
  const button = makeButton('picture', '', () => {
    $('#picture').src = image.src;
    $('#picture-text').textContent = image.alt;
    $('#picture-dialog').showModal();
  });
  button.append(image, make('span', 'sr-only', ' Enlarge'));
  return button;
}

function showFiles(place, { files }) {
  place.replaceChildren(...(files ?? []).map(({ name, url }) => {
    const link = make('a', 'file', name);
    Object.assign(link, { href: url, download: name, dir: 'auto' });
    return link;
  }));
}

// --- buttons

const isScore = ({ style, label }) => (style ? style === 'score' : /^\d+$/.test(label));

function showButtons(chat, node, { id, buttons = [] }) {
  const [scores, actions] = [$('.scores', node), $('.actions', node)];
  const plain = buttons.filter(isScore);
  const highest = Math.max(...plain.map(({ label }) => Number(label)));
  // "6 of 10" is what we say ourselves; only a meaning beyond that is shown.
  const marks = plain.map((mark) => (
    mark.description === `${mark.label} of ${highest}` ? { ...mark, description: null } : mark));
  const create = (button) => makeButton('', '', () => press(chat, node, id, button.id));
  scores.hidden = !marks.length;
  scores.dataset.count = marks.length;
  scores.classList.toggle('described', marks.length < 8 && marks.some(({ description }) => description));
  reconcile(scores, marks.map((mark) => ({ ...mark, highest })), create, showScore);
  oneTabStop(scores.children, $('[tabindex="0"]', scores));
  reconcile(actions, buttons.filter((button) => !isScore(button)), create, showAction);
}

// No colour at rest: red and green would lead the answer. The tone shows under
// the pointer and while the press is on its way.
function showScore(node, { label, description, tone, highest }) {
  const spoken = Number.isFinite(highest) ? `${label} of ${highest}` : label;
  node.className = 'score';
  node.dataset.tone = tone ?? '';
  node.title = description ?? '';
  node.ariaLabel = description ? `${spoken}, ${description}` : spoken;
  node.replaceChildren(make('span', '', label), make('span', 'meaning', description ?? ''));
}

function showAction(node, { label, style, description }) {
  node.className = `button ${style ?? 'plain'}`;
  node.textContent = label;
  node.title = description ?? '';
}

async function press(chat, node, messageId, buttonId) {
  if (node.classList.contains('busy')) return;
  const button = $$('.card button', node).find((one) => one.dataset.key === buttonId);
  const place = $('.notices', node);
  node.classList.add('busy');
  if (button) button.ariaBusy = 'true';
  place.replaceChildren();
  try {
    const reply = await post('press', { as: chat.email, message_id: messageId, button_id: buttonId });
    applyReply(chat, reply);
    if (reply.dialog && chat === current) openDialog(chat, reply.dialog, node);
  } catch (error) {
    notice(place, error.message, () => press(chat, node, messageId, buttonId));
  } finally {
    node.classList.remove('busy');
    if (button) button.ariaBusy = null;
  }
}

// --- threads

function showThread(chat, node, { author, private: isPrivate, thread = [] }) {
  const open = author !== 'person' && !isPrivate;
  node.classList.toggle('has-thread', thread.length > 0);
  $('.thread', node).hidden = !thread.length && !open;
  $('.reply-open', node).hidden = !open || !$('.reply', node).hidden;
  $('.reply-open span', node).textContent = thread.length ? 'Reply' : 'Reply in thread';
  reconcile($('.replies', node), thread, () => fromTemplate('reply'), (item, reply) => {
    showByline(item, reply, chat.email);
    showWords($('.words', item), reply);
  });
}

// --- saying

// Enter sends, Shift+Enter breaks the line; not while an input method composes.
function whenSent(form, send) {
  const box = form.elements[0];
  const submit = (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (text && !form.classList.contains('busy')) send(text);
  };
  on(form, 'submit', submit);
  on(box, 'keydown', (event) => {
    const sends = event.key === 'Enter' && !event.shiftKey && !event.isComposing;
    if (sends && !event.defaultPrevented) submit(event);
  });
}

async function say(chat, text, form, place, threadId) {
  const box = form.elements[0];
  form.classList.add('busy');
  box.value = '';
  place.replaceChildren();
  try {
    const reply = await post('say', { as: chat.email, text, thread_id: threadId });
    // What one says is followed to where it lands.
    if (!threadId) chat.follow = 'newest';
    applyReply(chat, reply, text.startsWith('/') ? text : undefined);
  } catch (error) {
    if (box === sayBox && chat !== current) chat.draft = text;
    else box.value = [text, box.value].filter(Boolean).join('\n');
    notice(place, error.message, () => form.requestSubmit());
  } finally {
    form.classList.remove('busy');
  }
}

// --- command hints

const chosenHint = () => $('[aria-selected="true"]', hints);

// "/nps snooze [DAYS]" is typed as "/nps snooze ".
const typedPart = (command) => command.replace(/ [^a-z].*/, ' ');

function showHints() {
  const typed = sayBox.value.replace(/\s+/g, ' ').toLowerCase();
  const isAdmin = personAt(current?.email)?.admin;
  const fitting = commands.filter(({ command, admin }) => typed.startsWith('/') && (isAdmin || !admin)
    && command.startsWith(typed.trimEnd()) && typedPart(command) !== typed);
  if (hints.hidden && fitting.length) announce(`${fitting.length} commands. Arrow keys to choose, Tab to take.`);
  hints.hidden = !fitting.length;
  reconcile(hints, fitting, newHint, showHint);
  chooseHint(chosenHint());
}

function newHint({ id }) {
  const option = make('div', 'hint-option');
  option.id = id;
  option.role = 'option';
  // Before the blur that a click would cause.
  on(option, 'pointerdown', (event) => {
    event.preventDefault();
    takeHint(option);
  });
  return option;
}

function showHint(option, { command, description, admin }) {
  option.replaceChildren(make('code', '', command), make('span', 'meaning', description ?? ''));
  if (admin) option.append(make('span', 'badge', 'admin'));
}

function chooseHint(option) {
  for (const one of hints.children) one.ariaSelected = String(one === option);
  if (option) sayBox.setAttribute('aria-activedescendant', option.id);
  else sayBox.removeAttribute('aria-activedescendant');
  option?.scrollIntoView({ block: 'nearest' });
}

function takeHint(option) {
  sayBox.value = typedPart(option.firstElementChild.textContent);
  closeHints();
}

function closeHints() {
  hints.hidden = true;
  chooseHint(null);
}

function onHintKey(event) {
  if (hints.hidden || event.isComposing || event.shiftKey) return;
  const options = [...hints.children];
  const chosen = chosenHint();
  const here = options.indexOf(chosen);
  if (event.key === 'ArrowDown') chooseHint(options[here + 1]);
  else if (event.key === 'ArrowUp') chooseHint(options.at(here < 0 ? -1 : here - 1));
  else if (event.key === 'Escape') closeHints();
  else if (event.key === 'Tab') takeHint(chosen ?? options[0]);
  else if (event.key === 'Enter' && chosen) takeHint(chosen);
  else return;
  event.preventDefault();
}

async function loadCommands() {
  try {
    commands = JSON.parse(await request('commands')).map((one, index) => ({ ...one, id: `hint-${index}` }));
  } catch { /* hints are a courtesy */ }
}

// --- dialogs

let asking = null; // { chat, dialog, node } while a dialog is open

function openDialog(chat, dialog, node) {
  asking = { chat, dialog, node };
  $('#form-title').textContent = dialog.title;
  withCode($('#form-intro'), dialog.intro ?? '');
  $('#form-submit').textContent = dialog.submit || 'Send';
  $('#form-notices').replaceChildren();
  $('#form-fields').replaceChildren(...dialog.fields.map(newField));
  formDialog.showModal();
  $('.control', formDialog)?.focus();
}

function newField(field) {
  const node = fromTemplate('field');
  const control = make(field.multiline ? 'textarea' : 'input', 'control');
  const [label, hint, error, counter] = ['label', '.hint', '.error', '.counter'].map((part) => $(part, node));
  Object.assign(control, { id: `field-${field.name}`, name: field.name, dir: 'auto', value: field.value ?? '' });
  label.htmlFor = control.id;
  label.textContent = field.label;
  withCode(hint, field.hint ?? '').id = `${control.id}-hint`;
  error.id = `${control.id}-error`;
  counter.id = `${control.id}-counter`;
  control.setAttribute('aria-describedby', [hint.id, error.id, counter.id].join(' '));
  node.dataset.name = field.name;
  hint.after(control);

  const count = () => {
    if (field.max_length) counter.textContent = `${[...control.value].length} / ${field.max_length}`;
    counter.classList.toggle('over', isTooLong(field, control));
    showFieldError(node);
  };
  on(control, 'input', count);
  on(control, 'keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) dialogForm.requestSubmit();
  });
  count();
  return node;
}

// Too long is said, not cut: a paste would lose its end unseen.
const isTooLong = (field, control) => [...control.value].length > (field.max_length ?? Infinity);

function showFieldError(node, text = '') {
  $('.error', node).textContent = text;
  $('.control', node).ariaInvalid = String(Boolean(text));
}

function showErrors(errors) {
  const strays = new Map(Object.entries(errors));
  for (const node of $('#form-fields').children) {
    showFieldError(node, strays.get(node.dataset.name));
    strays.delete(node.dataset.name);
  }
  if (strays.size) notice($('#form-notices'), [...strays.values()].join(' '));
  $('[aria-invalid="true"]', formDialog)?.focus();
}

async function sendDialog(event) {
  event.preventDefault();
  const sent = asking;
  if (!sent || dialogForm.classList.contains('busy')) return;
  const { chat, dialog } = sent;
  const controlOf = (field) => dialogForm.elements[field.name];
  const tooLong = dialog.fields.filter((field) => isTooLong(field, controlOf(field)))
    .map((field) => [field.name, `Please shorten this to ${field.max_length} characters.`]);
  $('#form-notices').replaceChildren();
  if (tooLong.length) {
    showErrors(Object.fromEntries(tooLong));
    return;
  }
  const values = Object.fromEntries(dialog.fields.map((field) => [field.name, controlOf(field).value]));
  dialogForm.classList.add('busy');
  try {
    const reply = await post('dialog', { as: chat.email, dialog_id: dialog.id, values });
    const refused = Object.keys(reply.errors ?? {}).length > 0;
    const here = asking === sent; // not closed meanwhile
    if (here && !refused) formDialog.close();
    applyReply(chat, here && refused ? { ...reply, private_text: null } : reply);
    if (here && refused) showErrors(reply.errors);
  } catch (error) {
    notice($('#form-notices'), error.message, () => dialogForm.requestSubmit());
  } finally {
    dialogForm.classList.remove('busy');
  }
}

// The button that opened the dialog may have gone with the answer.
function onDialogClosed() {
  const article = $('article', asking.node);
  asking = null;
  if (document.activeElement === document.body) article.focus({ preventScroll: true });
}

// --- staying live

let timer = 0;
let polls = 0;
let failures = 0;
let polling = false;

function pollNow() {
  clearTimeout(timer);
  timer = setTimeout(poll);
}

async function poll() {
  if (polling) return;
  polling = true;
  const chat = current;
  try {
    if (polls % PEOPLE_EVERY === 0) await loadPeople();
    polls += 1;
    if (chat) await pollInbox(chat);
    if (failures > 1) notices.replaceChildren();
    failures = 0;
  } catch (error) {
    failures += 1;
    // One missed poll is nothing to tell, and more are told once.
    if (failures > 1 && !notices.firstChild) notice(notices, error.message, pollNow);
  } finally {
    polling = false;
    clearTimeout(timer);
    const pause = document.hidden ? POLL_HIDDEN : POLL * Math.min(1 + failures, 8);
    timer = setTimeout(poll, chat === current ? pause : 0);
  }
}

async function pollInbox(chat) {
  const { turn } = chat;
  const text = await request(`inbox/${encodeURIComponent(chat.email)}`);
  if (turn !== chat.turn || text === chat.text) return;
  chat.text = text;
  showInbox(chat, JSON.parse(text).messages);
}

// --- welcome

function greetOnce(greeted) {
  $('#welcome').hidden = greeted;
  try {
    if (greeted) localStorage.setItem(WELCOMED, 'yes');
    else $('#welcome').hidden = Boolean(localStorage.getItem(WELCOMED));
  } catch { /* storage is switched off: it greets every time */ }
}

function showWelcomeAdmin() {
  const admin = people.find((person) => person.admin);
  $('#welcome-admin').hidden = !admin;
  if (!admin) return;
  $('#welcome-admin a').href = address(admin.email);
  $('#welcome-admin a').textContent = admin.name;
}

// --- beginning

function listen() {
  on(window, 'hashchange', choose);
  on(document, 'visibilitychange', () => {
    if (document.hidden) return;
    seen();
    pollNow();
  });
  on(matchMedia('(width < 48rem)'), 'change', closeDrawer);

  on($('#skip'), 'click', () => scroller.focus());
  on($('#filter'), 'input', filterPeople);
  on($('#people'), 'keydown', (event) => {
    const filtering = event.target.id === 'filter';
    if (filtering && event.key === 'Enter') peopleLinks()[0]?.click();
    else if (!filtering || event.key === 'ArrowDown') walk(event, peopleLinks(), 'ArrowUp', 'ArrowDown');
  });
  on($('#about'), 'click', () => {
    closeDrawer();
    $('#welcome').hidden = false;
    $('#welcome-title').focus();
  });
  on($('#welcome-close'), 'click', () => {
    greetOnce(true);
    sayBox.focus();
  });

  on(scroller, 'scroll', onScroll);
  const resized = new ResizeObserver(followScroll); // pictures load, a keyboard opens
  resized.observe(scroller);
  resized.observe($('#inbox'));
  on($('#newer'), 'click', () => {
    current.follow = 'newest';
    followScroll();
    seen();
    scroller.focus();
  });

  on(sayBox, 'keydown', onHintKey);
  on(sayBox, 'input', showHints);
  on(sayBox, 'blur', closeHints);
  whenSent($('#composer'), (text) => {
    closeHints();
    if (current) say(current, text, $('#composer'), notices);
  });

  on(dialogForm, 'submit', sendDialog);
  on(formDialog, 'close', onDialogClosed);
  on($('#form-cancel'), 'click', () => formDialog.close());
  on($('#picture-dialog'), 'click', (event) => event.currentTarget.close());
}

listen();
greetOnce(false);
loadCommands();
poll();
