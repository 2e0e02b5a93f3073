// What a page has around its charts: style, and the script that shows values under the pointer.
#include <string.h>

#include "report/chart.h"
#include "text/utf8.h"

// Colours are told apart by people of all sights of colours, on both grounds.
static const char STYLE[] =
    ":root{color-scheme:light dark;--ground:#fcfcfb;--card:#fff;--ink:#16191d;--soft:#5c6470;"
    "--line:#dfe2e6;--c0:#2a6fdb;--c1:#d9660a;--c2:#0f8a5f;--c3:#a83fae;--c4:#8a6d00;--c5:#c2303f}"
    "@media(prefers-color-scheme:dark){:root{--ground:#14171a;--card:#1c2024;--ink:#eceef0;"
    "--soft:#9aa3ad;--line:#333a41;--c0:#6aa5ff;--c1:#ff9b50;--c2:#4cc795;--c3:#d98be0;"
    "--c4:#d9bb4a;--c5:#ff7f8a}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:80rem;padding:1rem;background:var(--ground);color:var(--ink);"
    "font:15px/1.5 system-ui,sans-serif}"
    "h1{font-size:1.4rem;margin:.5rem 0}h2{font-size:1.1rem;margin:2rem 0 .5rem}"
    "h3{font-size:1rem;margin:0}p{margin:.2rem 0;color:var(--soft)}"
    ".grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr))"
    "}"
    ".grid+.grid,.card+.grid{margin-top:1rem}"
    ".small{grid-template-columns:repeat(auto-fill,minmax(min(100%,13rem),1fr))}"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.8rem;"
    "min-width:0;position:relative}"
    ".wide{overflow-x:auto}"
    "svg{display:block;width:100%;height:auto;touch-action:pan-y}"
    "svg text{fill:var(--soft);font-size:12px;font-variant-numeric:tabular-nums}"
    "svg .word{fill:var(--ink)}"
    ".tick{stroke:var(--line)}.curve{fill:none;stroke-width:2;stroke-linejoin:round}"
    ".dashed{stroke-dasharray:5 4;stroke-width:1.5}.at{stroke:var(--soft);visibility:hidden}"
    ".key{display:inline-block;margin-right:1rem;color:var(--soft);font-size:13px}"
    ".key i{display:inline-block;width:1.2em;height:0;border-top:3px solid;vertical-align:middle;"
    "margin-right:.4em}.key i.dashed{border-top-style:dashed}"
    ".tip{position:absolute;pointer-events:none;background:var(--card);border:1px solid "
    "var(--line);"
    "border-radius:.3rem;padding:.2rem .5rem;font-size:13px;white-space:pre;visibility:hidden;"
    "z-index:1;font-variant-numeric:tabular-nums}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "td,th{text-align:left;padding:.15rem 1rem .15rem 0;border-bottom:1px solid var(--line);"
    "vertical-align:middle}td.n,th.n{text-align:right}td svg{width:11rem}"
    "tr.best td{font-weight:600}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}"
    "blockquote{margin:.4rem 0;padding-left:.8rem;border-left:3px solid var(--line)}"
    ".big{font-size:1.6rem;font-weight:600}";

// Each curve has its values with it: "x,y;x,y;...", as they are to be read.
static const char SCRIPT[] =
    "document.querySelectorAll('svg[data-chart]').forEach(function(s){"
    "var card=s.closest('.card'),tip=card.querySelector('.tip'),at=s.querySelector('.at');"
    "var lines=[].map.call(s.querySelectorAll('.curve'),function(c){"
    "return{name:c.dataset.name,places:c.getAttribute('points').split(' ').map(function(p){"
    "return parseFloat(p)}),values:c.dataset.values.split(';')}});"
    "function hide(){tip.style.visibility=at.style.visibility='hidden'}"
    "function show(e){var box=s.getBoundingClientRect(),width=s.viewBox.baseVal.width;"
    "var x=(e.clientX-box.left)/box.width*width,near=null,text=[];"
    "lines.forEach(function(l){l.places.forEach(function(p){"
    "if(near===null||Math.abs(p-x)<Math.abs(near-x))near=p})});"
    "if(near===null)return;"
    "lines.forEach(function(l){var best=0;l.places.forEach(function(p,i){"
    "if(Math.abs(p-near)<Math.abs(l.places[best]-near))best=i});"
    "if(Math.abs(l.places[best]-near)>width/40)return;"
    "var v=l.values[best].split('|');if(!text.length)text.push(v[0]);"
    "text.push(l.name+': '+v[1])});"
    "at.setAttribute('x1',near);at.setAttribute('x2',near);at.style.visibility='visible';"
    "tip.textContent=text.join('\\n');tip.style.visibility='visible';"
    "var frame=card.getBoundingClientRect(),left=near/width*box.width+box.left-frame.left+12;"
    "tip.style.left=Math.max(0,Math.min(left,frame.width-tip.offsetWidth-4))+'px';"
    "tip.style.top=(box.top-frame.top+8)+'px'}"
    "s.addEventListener('pointermove',show);s.addEventListener('pointerdown',show);"
    "s.addEventListener('pointerleave',hide)});";

void page_begin(struct output *output, const char *title, int reload)
{
    output_text(output, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    if (reload > 0)
        output_format(output, "<meta http-equiv=\"refresh\" content=\"%d\">", reload);
    output_text(output, "<title>");
    page_text(output, title);
    output_text(output, "</title><style>");
    output_text(output, STYLE);
    output_text(output, "</style></head><body>\n");
}

void page_end(struct output *output)
{
    output_text(output, "<script>");
    output_text(output, SCRIPT);
    output_text(output, "</script></body></html>\n");
}

// ---- text -------------------------------------------------------------------------------------

void page_text_part(struct output *output, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;
    while (at < end) {
        size_t taken = utf8_length((const char *)at, (size_t)(end - at));
        if (*at == '<' || *at == '>' || *at == '&' || *at == '"')
            output_format(output, "&#%d;", *at);
        else if (taken == 0 || (*at < ' ' && *at != '\n') || *at == 0x7f)
            output_text(output, "\xef\xbf\xbd");
        else
            output_write(output, at, taken);
        at += taken > 0 ? taken : 1;
    }
}

void page_text(struct output *output, const char *text)
{
    page_text_part(output, text, strlen(text));
}
