# The schema of .tflite is ours (the wire layout only); flatc turns it into the header that formats/tflite reads with.
find_program(FLATC flatc REQUIRED)
find_library(FLATBUFFERS_LIBRARY flatbuffers REQUIRED) # for FlexBuffers, the options of custom ops
set(tflite_schema ${CMAKE_SOURCE_DIR}/whit/formats/tflite/schema.fbs)
set(tflite_schema_header ${CMAKE_BINARY_DIR}/generated/schema_generated.h)
add_custom_command(
  OUTPUT ${tflite_schema_header}
  COMMAND ${FLATC} --cpp --scoped-enums --no-includes -o ${CMAKE_BINARY_DIR}/generated ${tflite_schema}
  DEPENDS ${tflite_schema}
  COMMENT "flatc schema.fbs")
