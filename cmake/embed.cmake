# cmake -DROOT=dir -DOUTPUT=file.cpp -DFILES=a;b -P embed.cmake: writes a C++ source that holds the files as strings.
set(source "#include \"whit/base/embedded.hpp\"\n\nnamespace whit {\n\nconst std::map<std::string_view, std::string_view>& embedded_files() {\n  static const std::map<std::string_view, std::string_view> files = {\n")
foreach(file IN LISTS FILES)
  file(READ ${ROOT}/${file} content)
  string(APPEND source "{\"${file}\", std::string_view(R\"~~~~(${content})~~~~\")},\n")
endforeach()
string(APPEND source "  };\n  return files;\n}\n\n}  // namespace whit\n")
file(WRITE ${OUTPUT} "${source}")
