import assert from 'node:assert/strict';
import test from 'node:test';
import { textOfHtml } from '../../web/lib/html.js';

for (const [html, text] of [
    ['plain', 'plain'],
    ['<p>one</p><p>two</p>', 'one\ntwo'],
    ['one<br>two<br/>three', 'one\ntwo\nthree'],
    ['<div>a\n  b\t c</div>', 'a b c'],
    ['a <b>bold</b> word, and <a href="x>y">a link</a>', 'a bold word, and a link'],
    ['<ul><li>one</li><li>two</li></ul>after', 'one\ntwo\nafter'],
    ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>', 'a\tb\nc\td'],
    ['<pre>if x:\n    y\n</pre>', 'if x:\n    y'],
    ['<html><head><title>t</title><style>p { color: red }</style></head><body><!--StartFragment-->hi', 'hi'],
    ['<script>alert("<p>")</script>a<SCRIPT>b</SCRIPT>c', 'ac'],
    ['1 &lt; 2 &amp;&amp; 3 &gt; 2, &quot;q&quot; &#39;s&#x27;&nbsp;x &bogus; &#0;', '1 < 2 && 3 > 2, "q" \'s\' x &bogus; &#0;'],
    ['1 < 2 and 2 > 1', '1 < 2 and 2 > 1'],
    ['<img onerror=alert(1) src=x>漢字 😀', '漢字 😀'],
    ['cut <style> off', 'cut'],
    ['<div', '<div'],
    ['<h1>A</h1> <p>b</p>\n<p> c <i>d</i> </p>', 'A\nb\nc d'],
    ['a <br> b<br><br>c', 'a\nb\n\nc'],
    ['<div>a</div><div><br></div><div>b<br></div><div>c</div>', 'a\n\nb\nc'],
    ['<table> <tr> <th>a</th> <th>b</th> </tr> <tr> <td>1</td> <td> 2 </td> </tr> </table>', 'a\tb\n1\t2'],
    ['t<table><tr><td><p>a</p></td><td><p>b</p></td></tr><tr><td></td><td>c</td></tr></table>', 't\na\tb\n\tc'],
    ['<table><tr><td>d</td><td></td></tr><tr><td>e</td></tr></table>', 'd\t\ne'],
    ['x<pre>  if (a)\n    b;\n</pre>y', 'x\n  if (a)\n    b;\ny'],
    ['a<pre>\nb\n\nc</pre>\nd', 'a\nb\n\nc\nd'],
    ['a&nbsp;&nbsp;b &#x1f600;', 'a  b 😀'],
    ['', ''],
]) {
    test(`of ${JSON.stringify(html)} remains ${JSON.stringify(text)}`, () => assert.equal(textOfHtml(html), text));
}

test('rubbish takes no longer than its length', { timeout: 5000 }, () => {
    for (const piece of ['<style', '<!--', '<p "', '&#', '<a \'', '\t \n']) textOfHtml(piece.repeat(200_000));
});
