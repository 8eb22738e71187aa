// What is offered as HTML alone reaches the guest as the text that it shows: the library in a real browser.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Bed } from '../support/bed.js';
import { Browser } from '../support/browser.js';

/** What it is about: the HTML, and the text that it says. */
const cases = {
    'words across lines': ['one\n  <b>two</b>\tthree ', 'one two three'],
    'paragraphs and headings': ['<h1>A</h1> <p>b</p>\n<p> c <i>d</i> </p>', 'A\nb\nc d'],
    'line breaks': ['a <br> b<br><br>c', 'a\nb\n\nc'],
    'an empty line of an editor': ['<div>a</div><div><br></div><div>b<br></div><div>c</div>', 'a\n\nb\nc'],
    'nested blocks': ['<div><div><p>a</p></div></div><div>b</div>', 'a\nb'],
    'a list': ['<ul>\n<li>a</li>\n<li>b <em>c</em></li>\n</ul>d', 'a\nb c\nd'],
    'a table': [
        '<table> <tr> <th>a</th> <th>b</th> </tr> <tr> <td>1</td> <td> 2 </td> </tr> </table>',
        'a\tb\n1\t2',
    ],
    'cells that hold paragraphs, and empty ones': [
        '<p>t</p><table><tr><td><p>a</p></td><td><p>b</p></td></tr><tr><td></td><td>c</td></tr>' +
            '<tr><td>d</td><td></td></tr><tr><td>e</td></tr></table>',
        't\na\tb\n\tc\nd\t\ne',
    ],
    'lines that are kept': ['x<pre>  if (a)\n    b;\n</pre>y', 'x\n  if (a)\n    b;\ny'],
    'lines that a style keeps': ['<div style="white-space: pre;"><div>a</div><div>  b</div></div>', 'a\n  b'],
    'nothing of a script, a style or the head': [
        '<head><title>t</title><style>p {}</style></head><body><style>a {}</style>x<script>y</script><!-- z --></body>',
        'x',
    ],
    'characters by name, and fixed spaces': ['a&nbsp;&nbsp;b &lt;c&gt; &amp;amp; &#x1f600;', 'a  b <c> &amp; 😀'],
    'nothing': ['', ''],
    'broken HTML': ['<p>a<div>b</p></td>c<', 'a\nb\nc<'],
};

describe('the text of HTML', () => {
    /** @type {Bed} */ let bed;
    /** @type {Browser} */ let browser;
    /** @type {import('playwright-core').Page} */ let page;

    before(async () => {
        bed = await Bed.start({ vms: [], scripted: ['one'] });
        browser = await Browser.start();
        await bed.guest();
        await bed.agentReady();
        page = await browser.open(`http://127.0.0.1:${bed.daemon.port}/`);
    });
    after(async () => {
        await browser?.close();
        await bed?.close();
    });

    const textOf = (html) =>
        page.evaluate(async (given) => (await import('/lib/html.js')).textOfHtml(given), html);

    for (const [name, [html, text]] of Object.entries(cases)) {
        test(`keeps ${name}`, async () => assert.equal(await textOf(html), text));
    }

    test('runs nothing, loads nothing, and breaks no rule of the page', async () => {
        const loads = '<img src="/x.png"><iframe src="/y"></iframe><link rel="stylesheet" href="/z.css">';
        const runs = '<img src=x onerror="fail()"><p style="color: red">a</p><style>@import "/w.css";</style>';
        assert.equal(await textOf(loads + runs), 'a');
        assert.deepEqual(browser.errors, []);
    });

    test('is offered as text beside it', async () => {
        const text = await page.evaluate(async () => {
            const { VmAgent } = await import('/lib/vmcbridge.js');
            const agent = new VmAgent('/vms/one/agent');
            await agent.clipboard.write({ 'text/html': new Blob(['<p>a</p><p>b</p>']) });
            const read = await agent.clipboard.readText();
            agent.close();
            return read;
        });
        assert.equal(text, 'a\nb');
    });
});
