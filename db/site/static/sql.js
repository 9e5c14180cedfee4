// The editor of SQL: colours, an indented form, Shift+Enter. The page works with its plain text area.
"use strict";
const area = document.getElementById("sql-editor");
const format = document.getElementById("sql-format");
if (area && window.CodeMirror) {
    const editor = CodeMirror.fromTextArea(area, { lineNumbers: true, mode: "text/x-sql", lineWrapping: true, viewportMargin: Infinity });
    editor.getInputField().setAttribute("aria-label", area.labels[0]?.textContent || "SQL");
    // Tab leads on to the next field, as everywhere else on the page.
    editor.setOption("extraKeys", { "Shift-Enter": () => area.form.requestSubmit(), Tab: false });
    if (format && window.sqlFormatter) {
        format.hidden = false;
        format.addEventListener("click", () => { editor.setValue(sqlFormatter.format(editor.getValue())); });
    }
}
