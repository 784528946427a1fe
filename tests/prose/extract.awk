# Writes the prose of source files to text files under the folder `out`: comments, and text between
# double quotes. Everything else becomes blank, so line numbers stay. Text between backticks is
# code, and so is text between double braces.
#
#   awk -v out=FOLDER -f extract.awk FILE…

function neutral(text) {
    gsub(/`[^`]*`/, "X", text)
    gsub(/\{\{[^}]*\}\}/, "X", text)
    return text
}

# Rust, TypeScript and Go: comments after two slashes, and strings.
function program_prose(rest, prose) {
    prose = ""
    while (rest != "") {
        if (in_string) {
            if (match(rest, /^([^"\\]|\\.)*"/)) {
                prose = prose substr(rest, 1, RLENGTH - 1) " | "
                rest = substr(rest, RLENGTH + 1)
                in_string = 0
            } else {
                # A string that continues on the next line.
                sub(/\\$/, "", rest)
                prose = prose rest
                rest = ""
            }
        } else if (rest ~ /^\/\//) {
            sub(/^\/\/[\/!]? ?/, "", rest)
            prose = prose rest
            rest = ""
        } else if (match(rest, /^'(\\.|[^'\\])'/)) {
            rest = substr(rest, RLENGTH + 1)
        } else if (rest ~ /^"/) {
            in_string = 1
            rest = substr(rest, 2)
        } else {
            match(rest, /^[^"\/']*/)
            rest = substr(rest, RLENGTH > 0 ? RLENGTH + 1 : 2)
        }
    }
    gsub(/\\n|\\"/, " ", prose)
    return prose
}

# YAML, JSON, shell and the like: all text, without the marks of comments and list items.
function data_prose(line) {
    sub(/^[ \t]*#+ ?(-- )?/, "", line)
    sub(/^[ \t]*(- )?/, "", line)
    return line
}

FNR == 1 {
    if (target) close(target)
    target = out "/" FILENAME ".txt"
    is_program = FILENAME ~ /\.(rs|ts|go)$/
    in_string = 0
}

{
    print neutral(is_program ? program_prose($0) : data_prose($0)) > target
}
