// Keeps the list of screens up to date, as long as somebody can see it.

const PERIOD = 1000;
const LONGEST_PERIOD = 8000;

const status = document.getElementById('status');
const cards = new Map();
for (const card of document.querySelectorAll('.card')) {
    cards.set(card.dataset.name, card);
}

let period = PERIOD;
let timer = 0;

function write(card, part, text) {
    const element = card.querySelector('.' + part);
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

/** Shows a picture when it is there in full, so that nothing flickers. */
function show(card, address) {
    const next = new Image();
    next.alt = card.querySelector('img').alt;
    next.onload = () => card.querySelector('img').replaceWith(next);
    next.src = address;
}

function update(card, screen) {
    const absent = screen.state === 'absent';
    card.dataset.state = screen.state;
    write(card, 'size', absent ? '' : screen.width + ' × ' + screen.height);
    const rate = screen.pictures_per_second;
    write(card, 'rate', absent || rate === null ? '' : Math.round(rate) + ' pictures/s');
    write(card, 'viewers', screen.viewers === 0 ? '' : screen.viewers + (screen.viewers === 1 ? ' viewer' : ' viewers'));
    write(card, 'absence', screen.absence ?? '');
    if (card.dataset.picture !== String(screen.picture)) {
        card.dataset.picture = screen.picture;
        show(card, screen.path + 'thumbnail.png?picture=' + screen.picture);
    }
}

async function look() {
    try {
        const answer = await fetch('/api/screens');
        if (!answer.ok) {
            throw new Error('status ' + answer.status);
        }
        const screens = await answer.json();
        if (screens.length !== cards.size || screens.some(screen => !cards.has(screen.name))) {
            // Another server than the one that wrote this page.
            location.reload();
            return;
        }
        screens.forEach(screen => update(cards.get(screen.name), screen));
        status.textContent = '';
        period = PERIOD;
    } catch {
        status.textContent = 'The server does not answer; trying again.';
        period = Math.min(2 * period, LONGEST_PERIOD);
    }
    plan();
}

function plan() {
    clearTimeout(timer);
    if (!document.hidden) {
        timer = setTimeout(look, period);
    }
}

document.addEventListener('visibilitychange', () => {
    if (!document.hidden) {
        clearTimeout(timer);
        look();
    }
});
look();
