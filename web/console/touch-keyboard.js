/**
 * The keyboard of a phone: it writes into a field that nobody sees, and what changes there is pressed in the machine.
 */

/** What stands in the field, so that there is always something to delete. */
const FILLING = ' '.repeat(64);

/**
 * How one text became the other, as a person would type it. Pure.
 * @param {string} before @param {string} after
 * @returns {{ deleted: number, typed: string }}  deleted: characters before the cursor
 */
export function editOf(before, after) {
    const from = [...before];
    const to = [...after];
    let same = 0;
    while (same < from.length && same < to.length && from[same] === to[same]) ++same;
    return { deleted: from.length - same, typed: to.slice(same).join('') };
}

/**
 * @param {HTMLTextAreaElement} field
 * @param {{ typed: (text: string) => void, deleted: (count: number) => void }} handlers
 */
export function watchField(field, { typed, deleted }) {
    let before = FILLING;
    const fill = () => {
        before = FILLING;
        field.value = FILLING;
        field.setSelectionRange(FILLING.length, FILLING.length);
    };
    if (field.matches(':focus')) fill();
    field.addEventListener('focus', fill);
    field.addEventListener('input', event => {
        const edit = editOf(before, field.value);
        before = field.value;
        if (edit.deleted > 0) deleted(edit.deleted);
        if (edit.typed) typed(edit.typed);
        if (!(/** @type {InputEvent} */ (event).isComposing)) fill();
    });
}
